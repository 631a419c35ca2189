import type { Static } from 'typebox'
import {
  AccessRequestDetailView,
  AccessRequestsPage,
  AccessRequestView,
  LinkedView,
} from '../routes/admin/access-requests.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import type { Io } from './io.ts'
import { LIMIT_OPTIONS, limitsGiven } from './limit-options.ts'
import { printTable } from './table.ts'
import { apiFor } from './users.ts'

type Request = Static<typeof AccessRequestView>

const pathOf = (id = '', act = ''): string => `/admin/v1/access-requests/${encodeURIComponent(id)}${act}`

function printRequests(io: Io, requests: readonly Request[]): void {
  printTable(
    io,
    ['ID', 'EMAIL', 'STATE', 'MAIL', 'CREATED', 'EXPIRES', 'USER', 'NOTE'],
    requests.map((request) => [
      request.id,
      request.email ?? '-',
      request.state,
      request.mail,
      request.created_at,
      request.expires_at ?? '-',
      request.user_id ?? '-',
      request.note ?? '-',
    ]),
  )
}

const list: Command = {
  words: 'access list',
  positionals: [],
  options: [...REMOTE, 'state'],
  summary: 'List requests for access, newest first; "verified" ones have proved their address',
  async run(args, io) {
    const api = apiFor(args, io)
    const requests = await api.all(
      (query) => api.call(AccessRequestsPage, 'GET', `/admin/v1/access-requests?${query}`),
      { state: args.options.state },
    )
    if (args.isJson) io.out(JSON.stringify({ items: requests }))
    else printRequests(io, requests)
    return 0
  },
}

const show: Command = {
  words: 'access show',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Show a request for access',
  async run(args, io) {
    const request = await apiFor(args, io).call(AccessRequestDetailView, 'GET', pathOf(args.positionals[0]))
    if (args.isJson) io.out(JSON.stringify(request))
    else printRequests(io, [request])
    const { user_with_email: user } = request
    if (user !== null) io.err(`The user ${user} has this address already.`)
    return 0
  },
}

/** The link alone on stdout, so that it can be piped; nothing where it goes by mail. */
function printLinked(args: Arguments, io: Io, linked: Static<typeof LinkedView>): void {
  if (args.isJson) {
    io.out(JSON.stringify(linked))
    return
  }
  if (linked.link === null) {
    io.err('A mail with the link is on its way.')
    return
  }
  io.err(
    'Hand this link to the person. It gives their token, one time, within 72 hours, and is shown this once:',
  )
  io.out(linked.link)
}

const approve: Command = {
  words: 'access approve',
  positionals: ['ID'],
  options: [...REMOTE, 'plan', 'user', 'name', 'expires-in', 'no-mail', ...LIMIT_OPTIONS],
  summary:
    'Make a user of a request, and a one-time link to their token; prints the link when no mail goes out',
  async run(args, io) {
    const { plan, user, name, 'expires-in': expiresIn } = args.options
    const body = { plan, user, name, expires_in: expiresIn, limits: limitsGiven(args), mail: mailOf(args) }
    const linked = await apiFor(args, io).call(
      LinkedView,
      'POST',
      pathOf(args.positionals[0], '/approve'),
      body,
    )
    if (!args.isJson) io.err(`${linked.email ?? linked.id} is the user ${linked.user_id ?? ''}.`)
    printLinked(args, io, linked)
    return 0
  },
}

const resend: Command = {
  words: 'access resend',
  positionals: ['ID'],
  options: [...REMOTE, 'no-mail'],
  summary: 'Send the link of a request once more: a new one, the one before ends',
  async run(args, io) {
    const body = { mail: mailOf(args) }
    const path = pathOf(args.positionals[0], '/resend')
    printLinked(args, io, await apiFor(args, io).call(LinkedView, 'POST', path, body))
    return 0
  },
}

const mailOf = ({ options }: Arguments): false | undefined =>
  options['no-mail'] === undefined ? undefined : false

const reject: Command = {
  words: 'access reject',
  positionals: ['ID'],
  options: [...REMOTE, 'reason'],
  summary: 'Refuse a request for access; the person is not told',
  async run(args, io) {
    const { reason } = args.options
    const path = pathOf(args.positionals[0], '/reject')
    const request = await apiFor(args, io).call(AccessRequestView, 'POST', path, { reason })
    if (args.isJson) io.out(JSON.stringify(request))
    else io.err(`${request.id} is rejected.`)
    return 0
  },
}

/** Commands about requests for access. */
export const accessCommands: readonly Command[] = [list, show, approve, resend, reject]
