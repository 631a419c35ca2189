import type { Static } from 'typebox'
import { ExemptionsView, ExemptionView } from '../routes/admin/exemptions.ts'
import { IncidentsPage, IncidentView, SourcesView } from '../routes/admin/incidents.ts'
import { IssuedTokenView } from '../routes/admin/schemas.ts'
import { queryOf } from './books.ts'
import { REMOTE, type Command } from './command.ts'
import { UsageError, type Io } from './io.ts'
import { printTable } from './table.ts'
import { listFrom, printIssued, tokenIdOf } from './tokens.ts'
import { apiFor, userPath } from './users.ts'

type Incident = Static<typeof IncidentView>
type Exemption = Static<typeof ExemptionView>

const INCIDENTS = '/admin/v1/incidents'
const EXEMPTIONS = '/admin/v1/exemptions'

const pathOf = (id = ''): string => `${INCIDENTS}/${encodeURIComponent(id)}`

function printIncidents(io: Io, incidents: readonly Incident[]): void {
  printTable(
    io,
    ['OPENED', 'ID', 'USER', 'TOKEN', 'STATE', 'SIGNAL', 'RESPONSE', 'WOULD BE', 'SCORE', 'UPDATED'],
    incidents.map((incident) => [
      incident.opened_at,
      incident.id,
      incident.user,
      incident.token,
      incident.state,
      incident.signal,
      incident.response,
      incident.would_be,
      incident.score.toFixed(2),
      incident.updated_at,
    ]),
  )
}

function factsText(facts: Incident['evidence'][number]['facts']): string {
  const parts = Object.entries(facts).map(([name, value]) => `${name}=${value}`)
  return parts.length === 0 ? '-' : parts.join(', ')
}

const list: Command = {
  words: 'incidents',
  positionals: [],
  options: [...REMOTE, 'user', 'token', 'state', 'signal', 'limit', 'cursor'],
  summary: 'List tokens that looked leaked or abused, newest first, a page at a time',
  async run(args, io) {
    const { user, token, state, signal, limit, cursor } = args.options
    const named = token === undefined ? undefined : tokenIdOf(token)
    const path = `${INCIDENTS}${queryOf({ user, token: named, state, signal, limit, cursor })}`
    const page = await apiFor(args, io).call(IncidentsPage, 'GET', path)
    if (args.isJson) {
      io.out(JSON.stringify(page))
      return 0
    }
    printIncidents(io, page.items)
    if (page.next !== null) io.err(`There are more: --cursor ${page.next}`)
    return 0
  },
}

const show: Command = {
  words: 'incidents show',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Show an incident with everything that speaks for it',
  async run(args, io) {
    const incident = await apiFor(args, io).call(IncidentView, 'GET', pathOf(args.positionals[0]))
    if (args.isJson) {
      io.out(JSON.stringify(incident))
      return 0
    }
    printIncidents(io, [incident])
    io.err(
      `Suspended before: ${incident.strikes} times. Told: ${incident.notified_at ?? 'nobody'}. What speaks for it:`,
    )
    printTable(
      io,
      ['AT', 'SIGNAL', 'FAMILY', 'STRENGTH', 'FACTS'],
      incident.evidence.map(({ at, signal, family, strength, facts }) => [
        at,
        signal,
        family,
        strength.toFixed(2),
        factsText(facts),
      ]),
    )
    return 0
  },
}

const dismiss: Command = {
  words: 'incidents dismiss',
  positionals: ['ID'],
  options: [...REMOTE, 'reason'],
  summary: 'Say that it is no abuse: the token goes on, and this is not told again for 7 days',
  async run(args, io) {
    const path = `${pathOf(args.positionals[0])}/dismiss`
    const { reason } = args.options
    const incident = await apiFor(args, io).call(IncidentView, 'POST', path, { reason })
    if (args.isJson) io.out(JSON.stringify(incident))
    else
      io.err(
        `${incident.id} is dismissed. Token ${incident.token} of user ${incident.user} goes on as before.`,
      )
    return 0
  },
}

const rotate: Command = {
  words: 'incidents rotate',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Replace the token of an incident and close it; prints the new token alone',
  async run(args, io) {
    const path = `${pathOf(args.positionals[0])}/rotate`
    printIssued(args, io, await apiFor(args, io).call(IssuedTokenView, 'POST', path, {}))
    return 0
  },
}

function subjectText({ user, token }: Exemption): string {
  return user === null ? `token ${token ?? '-'}` : `user ${user}`
}

const exempt: Command = {
  words: 'incidents exempt',
  positionals: [],
  options: [...REMOTE, 'user', 'token', 'for', 'reason', 'signals'],
  summary: 'Let signals about a user or a token lead to nothing for a time; prints the id',
  async run(args, io) {
    const { user, token, for: lifetime, reason, signals } = args.options
    if ((user === undefined) === (token === undefined))
      throw new UsageError('"incidents exempt" needs either --user ID or --token ID')
    if (lifetime === undefined) throw new UsageError('"incidents exempt" needs --for DURATION, such as 7d')
    if (reason === undefined)
      throw new UsageError('"incidents exempt" needs --reason TEXT, which stays on record')
    const body = {
      user,
      token: token === undefined ? undefined : tokenIdOf(token),
      signals: listFrom(signals, 'signals'),
      reason,
      expires_in: lifetime,
    }
    const exemption = await apiFor(args, io).call(ExemptionView, 'POST', EXEMPTIONS, body)
    io.out(args.isJson ? JSON.stringify(exemption) : exemption.id)
    if (!args.isJson)
      io.err(
        `Exempt: ${subjectText(exemption)} from ${exemption.signals?.join(', ') ?? 'all signals'} until ${exemption.expires_at}.`,
      )
    return 0
  },
}

const exemptions: Command = {
  words: 'incidents exemptions',
  positionals: [],
  options: REMOTE,
  summary: 'List the exemptions that hold, oldest first',
  async run(args, io) {
    const page = await apiFor(args, io).call(ExemptionsView, 'GET', EXEMPTIONS)
    if (args.isJson) {
      io.out(JSON.stringify(page))
      return 0
    }
    printTable(
      io,
      ['ID', 'OF', 'SIGNALS', 'CREATED', 'EXPIRES', 'REASON'],
      page.items.map((exemption) => [
        exemption.id,
        subjectText(exemption),
        exemption.signals?.join(',') ?? 'all',
        exemption.created_at,
        exemption.expires_at,
        exemption.reason,
      ]),
    )
    return 0
  },
}

const unexempt: Command = {
  words: 'incidents unexempt',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'End an exemption before its time',
  async run(args, io) {
    const path = `${EXEMPTIONS}/${encodeURIComponent(args.positionals[0] ?? '')}`
    const exemption = await apiFor(args, io).call(ExemptionView, 'DELETE', path)
    if (args.isJson) io.out(JSON.stringify(exemption))
    else io.err(`${exemption.id} is ended: ${subjectText(exemption)} is exempt by it no more.`)
    return 0
  },
}

const sources: Command = {
  words: 'incidents sources',
  positionals: ['USER'],
  options: REMOTE,
  summary: 'List the networks from which the tokens of a user are used, by token, latest first',
  async run(args, io) {
    const path = `${userPath(args.positionals[0])}/sources`
    const page = await apiFor(args, io).call(SourcesView, 'GET', path)
    if (args.isJson) {
      io.out(JSON.stringify(page))
      return 0
    }
    printTable(
      io,
      ['TOKEN', 'NETWORK', 'CLIENT', 'COUNTRY', 'CALLS', 'FIRST', 'LAST'],
      page.items.map((source) => [
        source.token,
        source.prefix,
        source.client,
        source.country ?? '-',
        String(source.calls),
        source.first_seen,
        source.last_seen,
      ]),
    )
    return 0
  },
}

/** Commands about incidents. */
export const incidentCommands: readonly Command[] = [
  list,
  show,
  dismiss,
  rotate,
  exempt,
  exemptions,
  unexempt,
  sources,
]
