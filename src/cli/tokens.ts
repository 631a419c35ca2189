import type { Static } from 'typebox'
import { IssuedTokenView, RotatedTokenView, TokensPage, TokenView } from '../routes/admin/schemas.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { UsageError, type Io } from './io.ts'
import { LIMIT_OPTIONS, limitsGiven, limitsText } from './limit-options.ts'
import { printTable } from './table.ts'
import { tokenCheck } from './token-check.ts'
import { apiFor, userPath } from './users.ts'

type Token = Static<typeof TokenView>

const WHOLE_TOKEN = /^[a-z][a-z0-9]*_([0-9A-Za-z]{12})_[0-9A-Za-z]{49}$/

/** The id of a token: given as such, or as the token itself, as it is at hand when one has leaked. */
export function tokenIdOf(idOrToken: string): string {
  return WHOLE_TOKEN.exec(idOrToken)?.[1] ?? idOrToken
}

function pathOf(idOrToken = ''): string {
  return `/admin/v1/tokens/${encodeURIComponent(tokenIdOf(idOrToken))}`
}

/** A list of the command line. @throws UsageError when an item is empty */
export function listFrom(option: string | undefined, name: string): string[] | undefined {
  const items = option?.split(',').map((item) => item.trim())
  // An empty item would make a list that allows less than was meant.
  if (items?.includes('') === true) throw new UsageError(`--${name} has an empty item`)
  return items
}

function rulesOf({ operations, models, origins, cidrs, limits, expires_at: expiresAt }: Token): string {
  const may = operations === null ? 'all operations' : operations.join(', ')
  const by = models === null ? 'all models' : models.join(', ')
  const within = limits === null ? '' : `${limitsText(limits)}; `
  const on = origins === null ? '' : `on pages of ${origins.join(', ')}; `
  const from = cidrs === null ? '' : `from ${cidrs.join(', ')}; `
  return `${may}; ${by}; ${on}${from}${within}${expiresAt === null ? 'no end' : `until ${expiresAt}`}`
}

/** The token alone on stdout, so that it can be piped; what is known about it on stderr. */
export function printIssued(args: Arguments, io: Io, issued: Static<typeof IssuedTokenView>): void {
  if (args.isJson) {
    io.out(JSON.stringify(issued))
    return
  }
  io.err(`Token ${issued.id} of user ${issued.user_id}: ${rulesOf(issued)}.`)
  io.err('It is shown this once. Keep it safe:')
  io.out(issued.token)
}

const create: Command = {
  words: 'token create',
  positionals: ['USER'],
  options: [...REMOTE, 'name', 'expires-in', 'operations', 'models', 'origins', 'cidrs', ...LIMIT_OPTIONS],
  summary: 'Issue a token; prints the token alone',
  async run(args, io) {
    const { options } = args
    const path = `${userPath(args.positionals[0])}/tokens`
    const body = {
      name: options.name,
      expires_in: options['expires-in'],
      operations: listFrom(options.operations, 'operations'),
      models: listFrom(options.models, 'models'),
      origins: listFrom(options.origins, 'origins'),
      cidrs: listFrom(options.cidrs, 'cidrs'),
      limits: limitsGiven(args),
    }
    printIssued(args, io, await apiFor(args, io).call(IssuedTokenView, 'POST', path, body))
    return 0
  },
}

const list: Command = {
  words: 'token list',
  positionals: ['[USER]'],
  options: REMOTE,
  summary: 'List tokens, of all users or of one, oldest first',
  async run(args, io) {
    const api = apiFor(args, io)
    const [user] = args.positionals
    const path = user === undefined ? '/admin/v1/tokens' : `${userPath(user)}/tokens`
    const tokens = await api.all((query) => api.call(TokensPage, 'GET', `${path}?${query}`))
    if (args.isJson) {
      io.out(JSON.stringify({ items: tokens }))
      return 0
    }
    printTable(
      io,
      ['ID', 'USER', 'NAME', 'STATUS', 'OPERATIONS', 'MODELS', 'EXPIRES', 'CREATED', 'LAST USED'],
      tokens.map((token) => [
        token.id,
        token.user_id,
        token.name ?? '-',
        token.status,
        token.operations?.join(',') ?? 'all',
        token.models?.join(',') ?? 'all',
        token.expires_at ?? 'never',
        token.created_at,
        token.last_used_at ?? 'never',
      ]),
    )
    return 0
  },
}

/** All that is known of a token, a line each. */
function linesOf(token: Token): string[][] {
  return [
    ['id', token.id],
    ['user', token.user_id],
    ['name', token.name ?? '-'],
    ['status', token.status],
    ['operations', token.operations?.join(', ') ?? 'all'],
    ['models', token.models?.join(', ') ?? 'all'],
    ['origins', token.origins?.join(', ') ?? 'bound to none'],
    ['networks', token.cidrs?.join(', ') ?? 'from anywhere'],
    ['limits', limitsText(token.limits)],
    ['created', token.created_at],
    ['expires', token.expires_at ?? 'never'],
    ['last used', token.last_used_at ?? 'never'],
    ['last used from', token.last_used_address ?? '-'],
    ['revoked', token.revoked_at ?? '-'],
    ['suspended', token.suspended_at ?? '-'],
    ['suspended for', token.suspended_by ?? '-'],
    ['replaced by', token.replaced_by ?? '-'],
  ]
}

const show: Command = {
  words: 'token show',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Show all that is known of a token, but for the token itself',
  async run(args, io) {
    const token = await apiFor(args, io).call(TokenView, 'GET', pathOf(args.positionals[0]))
    if (args.isJson) io.out(JSON.stringify(token))
    else printTable(io, ['FIELD', 'VALUE'], linesOf(token))
    return 0
  },
}

const revoke: Command = {
  words: 'token revoke',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Refuse a token from the next request on, and end what is under way',
  async run(args, io) {
    const token = await apiFor(args, io).call(TokenView, 'DELETE', pathOf(args.positionals[0]))
    if (args.isJson) io.out(JSON.stringify(token))
    else io.err(`Token ${token.id} of user ${token.user_id} is revoked since ${token.revoked_at ?? 'now'}.`)
    return 0
  },
}

const rotate: Command = {
  words: 'token rotate',
  positionals: ['ID'],
  options: [...REMOTE, 'grace'],
  summary: 'Replace a token by one with the same rules; prints the new token alone',
  async run(args, io) {
    const path = `${pathOf(args.positionals[0])}/rotate`
    const body = { grace: args.options.grace }
    const rotated = await apiFor(args, io).call(RotatedTokenView, 'POST', path, body)
    const { id, ends_at: endsAt } = rotated.replaces
    if (!args.isJson) io.err(`The old token ${id} ends ${endsAt ?? 'never'}.`)
    printIssued(args, io, rotated)
    return 0
  },
}

/** Commands about tokens. */
export const tokenCommands: readonly Command[] = [create, list, show, revoke, rotate, tokenCheck]
