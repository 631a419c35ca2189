import type { Static } from 'typebox'
import { systemClock } from '../lib/clock.ts'
import { parseDuration } from '../lib/durations.ts'
import { formatTime } from '../lib/times.ts'
import type { Usage } from '../minimax/units.ts'
import { RequestsPage, RequestView, UsageAnswer } from '../routes/books.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import type { Io } from './io.ts'
import { printTable } from './table.ts'
import { tokenIdOf } from './tokens.ts'
import { apiFor } from './users.ts'

type Request = Static<typeof RequestView>

/** A number alone is milliseconds since 1970, as the API has it; a duration says its unit. */
const AGO = /^\d+(?:\.\d+)?(?:s|m|h|d)$/

/** A time of the command line as the API wants it: `7d` is seven days ago. */
export function timeFrom(written: string | undefined): string | undefined {
  if (written === undefined || !AGO.test(written)) return written
  return formatTime(Math.max(0, systemClock.now() - parseDuration(written)))
}

/** What is given, as a query. */
export function queryOf(fields: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, value)
  return query.size === 0 ? '' : `?${query.toString()}`
}

function usageText(usage: Usage): string {
  const parts = Object.entries(usage).map(([unit, quantity]) => `${quantity} ${unit}`)
  return parts.length === 0 ? '-' : parts.join(', ')
}

const orDash = (value: string | number | null): string =>
  value === null || value === '' ? '-' : String(value)

function printUsage(io: Io, { items, from, to, group_by: group }: Static<typeof UsageAnswer>): void {
  printTable(
    io,
    [group.toUpperCase(), 'REQUESTS', 'FAILURES', 'ESTIMATED', 'LIST', 'CHARGED', 'CURRENCY', 'USAGE'],
    items.map((item) => [
      orDash(item[group] ?? null),
      String(item.requests),
      String(item.failures),
      String(item.estimated),
      item.list_price,
      item.charged,
      item.currency,
      usageText(item.usage),
    ]),
  )
  io.err(`From ${from} to ${to}.`)
}

const usage: Command = {
  words: 'usage',
  positionals: [],
  options: [...REMOTE, 'by', 'from', 'to', 'user', 'end-user'],
  summary: 'Add up what was used and charged, over the last 30 days unless said',
  async run(args, io) {
    const { by, from, to, user, 'end-user': endUser } = args.options
    const query = queryOf({
      group_by: by,
      from: timeFrom(from),
      to: timeFrom(to),
      user,
      end_user: endUser,
    })
    const answer = await apiFor(args, io).call(UsageAnswer, 'GET', `/admin/v1/usage${query}`)
    if (args.isJson) io.out(JSON.stringify(answer))
    else printUsage(io, answer)
    return 0
  },
}

function printRequests(io: Io, requests: readonly Request[]): void {
  printTable(
    io,
    ['AT', 'ID', 'USER', 'OPERATION', 'MODEL', 'OUTCOME', 'STATE', 'MS', 'CHARGED', 'CURRENCY', 'USAGE'],
    requests.map((request) => [
      request.at,
      request.request_id,
      request.user,
      request.operation,
      orDash(request.model),
      orDash(request.outcome),
      request.state,
      request.duration_ms === null ? '-' : request.duration_ms.toFixed(1),
      request.charged,
      request.currency,
      usageText(request.usage),
    ]),
  )
}

function filtersOf({ options }: Arguments): Record<string, string | undefined> {
  const { user, token, 'end-user': endUser, operation, outcome, from, to, limit, cursor } = options
  return {
    user,
    token: token === undefined ? undefined : tokenIdOf(token),
    end_user: endUser,
    operation,
    outcome,
    from: timeFrom(from),
    to: timeFrom(to),
    limit,
    cursor,
  }
}

const requests: Command = {
  words: 'requests',
  positionals: [],
  options: [...REMOTE, 'user', 'token', 'end-user', 'operation', 'outcome', 'from', 'to', 'limit', 'cursor'],
  summary: 'List calls that went to MiniMax, newest first, a page at a time',
  async run(args, io) {
    const path = `/admin/v1/requests${queryOf(filtersOf(args))}`
    const page = await apiFor(args, io).call(RequestsPage, 'GET', path)
    if (args.isJson) {
      io.out(JSON.stringify(page))
      return 0
    }
    printRequests(io, page.items)
    if (page.next !== null) io.err(`There are more: --cursor ${page.next}`)
    return 0
  },
}

const show: Command = {
  words: 'requests show',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Show a call that went to MiniMax, by the x-request-id of its answer',
  async run(args, io) {
    const path = `/admin/v1/requests/${encodeURIComponent(args.positionals[0] ?? '')}`
    const request = await apiFor(args, io).call(RequestView, 'GET', path)
    if (args.isJson) {
      io.out(JSON.stringify(request))
      return 0
    }
    const { usage: used, ...fields } = request
    const rows = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? String(value) : orDash(value),
    ])
    printTable(io, ['FIELD', 'VALUE'], [...rows, ['usage', usageText(used)]])
    return 0
  },
}

/** Commands that read the books. */
export const bookCommands: readonly Command[] = [usage, requests, show]
