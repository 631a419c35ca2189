import type { Static } from 'typebox'
import { TokenView, UserView } from '../routes/admin/schemas.ts'
import { StandingView } from '../routes/standing-json.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { UsageError, type Io } from './io.ts'
import { givesLimits, LIMIT_OPTIONS, limitsText, limitsWith } from './limit-options.ts'
import { printTable } from './table.ts'
import { tokenIdOf } from './tokens.ts'
import { apiFor, userPath } from './users.ts'

type Standing = Static<typeof StandingView>

/** Where the admin API has whoever the command named by these words is about. */
function subjectPath(words: string, { positionals: [user], options: { token } }: Arguments): string {
  if ((user === undefined) === (token === undefined))
    throw new UsageError(`"${words}" needs a USER, or --token ID, and not both`)
  return user === undefined
    ? `/admin/v1/tokens/${encodeURIComponent(tokenIdOf(token ?? ''))}`
    : userPath(user)
}

function rowsOf({ rates, concurrency, budgets }: Standing): string[][] {
  return [
    ...rates.map((rate) => [
      rate.of,
      rate.name,
      rate.model ?? '-',
      String(rate.limit),
      String(rate.used),
      '-',
      String(rate.left),
      rate.resets_at,
    ]),
    ...concurrency.map((one) => [
      one.of,
      'concurrency',
      one.model ?? '-',
      String(one.limit),
      String(one.used),
      '-',
      String(one.left),
      '-',
    ]),
    ...budgets.map((budget) => [
      budget.of,
      `${budget.unit ?? budget.currency ?? ''}/${budget.period}${budget.hard ? '' : ':soft'}`,
      '-',
      String(budget.limit),
      String(budget.used),
      String(budget.held),
      String(budget.left),
      budget.resets_at ?? 'never',
    ]),
  ]
}

function printStanding(io: Io, standing: Standing): void {
  const header = ['OF', 'LIMIT', 'MODEL', 'MOST', 'USED', 'HELD', 'LEFT', 'RESETS']
  printTable(io, header, rowsOf(standing))
  const { credit } = standing
  if (credit === null) return
  const { balance, held, available, currency } = credit
  io.err(`Pays ahead: ${available} ${currency} available, of a balance of ${balance} with ${held} held.`)
}

const show: Command = {
  words: 'limits',
  positionals: ['[USER]'],
  options: [...REMOTE, 'token'],
  summary: 'Show how the limits of a user, or of a --token, stand: used, held, left, and until when',
  async run(args, io) {
    const path = `${subjectPath('limits', args)}/limits`
    const standing = await apiFor(args, io).call(StandingView, 'GET', path)
    if (args.isJson) io.out(JSON.stringify(standing))
    else printStanding(io, standing)
    return 0
  },
}

async function setOfEndUsers(args: Arguments, io: Io, path: string): Promise<number> {
  if (args.options.token !== undefined)
    throw new UsageError('--end-users are of a user: name the USER, and no --token')
  const api = apiFor(args, io)
  const before = await api.call(UserView, 'GET', path)
  const limits = limitsWith(before.end_user_limits ?? {}, args)
  const isNone = Object.keys(limits).length === 0
  const after = await api.call(UserView, 'PATCH', path, { end_user_limits: isNone ? null : limits })
  if (args.isJson) io.out(JSON.stringify(after))
  else io.err(`Each end user of ${after.id}: ${limitsText(after.end_user_limits)}.`)
  return 0
}

const set: Command = {
  words: 'limits set',
  positionals: ['[USER]'],
  options: [...REMOTE, 'token', 'end-users', ...LIMIT_OPTIONS],
  summary:
    "Change limits of a user, over those of their plan, of a --token, beside those of its user, or of each of a user's --end-users; what is not named stays",
  async run(args, io) {
    if (!givesLimits(args)) throw new UsageError('"limits set" needs a limit, such as --budget 5.00/day')
    // Before anything is sent: what is wrong on the line is told without a gateway.
    limitsWith({}, args)
    const path = subjectPath('limits set', args)
    if (args.options['end-users'] !== undefined) return await setOfEndUsers(args, io, path)
    const api = apiFor(args, io)
    const view = args.options.token === undefined ? UserView : TokenView
    const before = await api.call(view, 'GET', path)
    const limits = limitsWith(before.limits ?? {}, args)
    const isNone = Object.keys(limits).length === 0
    const after = await api.call(view, 'PATCH', path, { limits: isNone ? null : limits })
    if (args.isJson) io.out(JSON.stringify(after))
    else io.err(`${after.id}: ${limitsText(after.limits)}.`)
    return 0
  },
}

/** Commands about limits. */
export const limitCommands: readonly Command[] = [show, set]
