import type { Static } from 'typebox'
import { IssuedOperatorView, OperatorSelf, OperatorsPage, OperatorView } from '../routes/admin/operators.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { UsageError, type Io } from './io.ts'
import { printTable } from './table.ts'
import { listFrom, tokenIdOf } from './tokens.ts'
import { apiFor } from './users.ts'

const OPERATORS = '/admin/v1/operators'

function pathOf(idOrToken = ''): string {
  return `${OPERATORS}/${encodeURIComponent(tokenIdOf(idOrToken))}`
}

/** The token alone on stdout, so that it can be piped; what is known about it on stderr. */
function printIssued(args: Arguments, io: Io, issued: Static<typeof IssuedOperatorView>): void {
  if (args.isJson) {
    io.out(JSON.stringify(issued))
    return
  }
  const from = issued.cidrs === null ? 'anywhere' : issued.cidrs.join(', ')
  io.err(
    `Admin token ${issued.id} of ${issued.name}: ${issued.role}; from ${from}; until ${issued.expires_at ?? 'it is revoked'}.`,
  )
  io.err('It is shown this once. Keep it safe:')
  io.out(issued.token)
}

const create: Command = {
  words: 'operator create',
  positionals: ['NAME'],
  options: [...REMOTE, 'role', 'expires-in', 'cidrs'],
  summary: 'Issue an admin token with a role; prints the token alone',
  async run(args, io) {
    const { role, cidrs, 'expires-in': expiresIn } = args.options
    if (role === undefined) throw new UsageError('"operator create" needs --role ROLE')
    const body = { name: args.positionals[0], role, expires_in: expiresIn, cidrs: listFrom(cidrs, 'cidrs') }
    printIssued(args, io, await apiFor(args, io).call(IssuedOperatorView, 'POST', OPERATORS, body))
    return 0
  },
}

const list: Command = {
  words: 'operator list',
  positionals: [],
  options: REMOTE,
  summary: 'List admin tokens beside that of the settings, oldest first',
  async run(args, io) {
    const api = apiFor(args, io)
    const operators = await api.all((query) => api.call(OperatorsPage, 'GET', `${OPERATORS}?${query}`))
    if (args.isJson) {
      io.out(JSON.stringify({ items: operators }))
      return 0
    }
    printTable(
      io,
      ['ID', 'NAME', 'ROLE', 'STATUS', 'FROM', 'EXPIRES', 'LAST USED', 'CREATED'],
      operators.map((one) => [
        one.id,
        one.name,
        one.role,
        one.status,
        one.cidrs?.join(',') ?? 'anywhere',
        one.expires_at ?? 'never',
        one.last_used_at ?? 'never',
        one.created_at,
      ]),
    )
    return 0
  },
}

const revoke: Command = {
  words: 'operator revoke',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Refuse an admin token from the next request on',
  async run(args, io) {
    const one = await apiFor(args, io).call(OperatorView, 'DELETE', pathOf(args.positionals[0]))
    if (args.isJson) io.out(JSON.stringify(one))
    else io.err(`Admin token ${one.id} of ${one.name} is revoked since ${one.revoked_at ?? 'now'}.`)
    return 0
  },
}

const rotate: Command = {
  words: 'operator rotate',
  positionals: ['ID'],
  options: [...REMOTE, 'grace'],
  summary: 'Replace an admin token by one of the same role; prints the new token alone',
  async run(args, io) {
    const body = { grace: args.options.grace }
    const path = `${pathOf(args.positionals[0])}/rotate`
    printIssued(args, io, await apiFor(args, io).call(IssuedOperatorView, 'POST', path, body))
    return 0
  },
}

const me: Command = {
  words: 'operator me',
  positionals: [],
  options: REMOTE,
  summary: 'Say who the admin token in use belongs to, and its role',
  async run(args, io) {
    const self = await apiFor(args, io).call(OperatorSelf, 'GET', `${OPERATORS}/me`)
    io.out(args.isJson ? JSON.stringify(self) : `${self.id}\t${self.name}\t${self.role}`)
    return 0
  },
}

/** Commands about operators. */
export const operatorCommands: readonly Command[] = [create, list, revoke, rotate, me]
