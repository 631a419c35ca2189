import type { Static } from 'typebox'
import { UserDeletionView } from '../routes/admin/objects.ts'
import { CallbackSecretView, UsersPage, UserView } from '../routes/admin/schemas.ts'
import { apiOf, LONG_TIMEOUT_MS, type Api } from './api.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { connectionOf } from './connection.ts'
import { UsageError, type Io } from './io.ts'
import { LIMIT_OPTIONS, limitsGiven, limitsText, NONE } from './limit-options.ts'
import { printTable } from './table.ts'

type User = Static<typeof UserView>

/** The API that the options of a command lead to. */
export function apiFor({ options }: Arguments, io: Io): Api {
  return apiOf(connectionOf(io, { url: options.url, tokenFile: options['admin-token-file'] }))
}

function printUsers(io: Io, users: readonly User[]): void {
  printTable(
    io,
    ['ID', 'NAME', 'EMAIL', 'PLAN', 'MULTIPLIER', 'PREPAID', 'LIMITS', 'STATUS', 'CREATED'],
    users.map((user) => [
      user.id,
      user.name ?? '-',
      user.email ?? '-',
      user.plan ?? '-',
      user.multiplier ?? '-',
      user.prepaid === null ? '-' : user.prepaid ? 'yes' : 'no',
      limitsText(user.limits),
      user.status,
      user.created_at,
    ]),
  )
}

/** Where the admin API has a user. */
export const userPath = (id = ''): string => `/admin/v1/users/${encodeURIComponent(id)}`

/** What --prepaid says; null: as the plan says. @throws UsageError when it says none of these */
export function prepaidFrom(written: string): boolean | null {
  if (written === NONE) return null
  if (written === 'yes' || written === 'no') return written === 'yes'
  throw new UsageError(`--prepaid is yes, no or ${NONE}, not "${written}"`)
}

const add: Command = {
  words: 'user add',
  positionals: ['[ID]'],
  options: [...REMOTE, 'name', 'email', 'plan', 'multiplier', 'prepaid', ...LIMIT_OPTIONS],
  summary: 'Add a user; prints the id',
  async run(args, io) {
    const { name, email, plan, multiplier, prepaid } = args.options
    const body = {
      id: args.positionals[0],
      name,
      email,
      plan,
      multiplier,
      prepaid: prepaid === undefined ? undefined : prepaidFrom(prepaid),
      limits: limitsGiven(args),
    }
    const user = await apiFor(args, io).call(UserView, 'POST', '/admin/v1/users', body)
    io.out(args.isJson ? JSON.stringify(user) : user.id)
    if (!args.isJson) io.err(`Added. Next: token create ${user.id}`)
    return 0
  },
}

const list: Command = {
  words: 'user list',
  positionals: [],
  options: [...REMOTE, 'status'],
  summary: 'List users, oldest first',
  async run(args, io) {
    const api = apiFor(args, io)
    const users = await api.all((query) => api.call(UsersPage, 'GET', `/admin/v1/users?${query}`), {
      status: args.options.status,
    })
    if (args.isJson) io.out(JSON.stringify({ items: users }))
    else printUsers(io, users)
    return 0
  },
}

const show: Command = {
  words: 'user show',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Show a user',
  async run(args, io) {
    const user = await apiFor(args, io).call(UserView, 'GET', userPath(args.positionals[0]))
    if (args.isJson) io.out(JSON.stringify(user))
    else printUsers(io, [user])
    return 0
  },
}

const set: Command = {
  words: 'user set',
  positionals: ['ID'],
  options: [...REMOTE, 'name', 'email', 'plan', 'multiplier', 'prepaid'],
  summary: `Change what is said of a user; "${NONE}" takes it away`,
  async run(args, io) {
    const { name, email, plan, multiplier, prepaid } = args.options
    const texts = Object.entries({ name, email, plan, multiplier }).filter(([, value]) => value !== undefined)
    const given = prepaid === undefined ? texts : [...texts, ['prepaid', prepaid] as const]
    if (given.length === 0)
      throw new UsageError('"user set" needs --name, --email, --plan, --multiplier or --prepaid')
    const change = {
      ...Object.fromEntries(texts.map(([field, value]) => [field, value === NONE ? null : value])),
      ...(prepaid !== undefined && { prepaid: prepaidFrom(prepaid) }),
    }
    const user = await apiFor(args, io).call(UserView, 'PATCH', userPath(args.positionals[0]), change)
    if (args.isJson) io.out(JSON.stringify(user))
    else io.err(`${user.id}: ${given.map(([field, value]) => `${field} is ${value ?? NONE}`).join(', ')}.`)
    return 0
  },
}

function setStatus(words: string, status: User['status'], summary: string): Command {
  return {
    words,
    positionals: ['ID'],
    options: REMOTE,
    summary,
    async run(args, io) {
      const user = await apiFor(args, io).call(UserView, 'PATCH', userPath(args.positionals[0]), { status })
      if (args.isJson) io.out(JSON.stringify(user))
      else io.err(`${user.id} is ${user.status}.`)
      return 0
    },
  }
}

type Removal = Pick<Static<typeof UserDeletionView>, 'removed' | 'forgotten' | 'failed'>

/** What became of a user's objects, in words for a person. */
export function printRemoval(io: Io, { removed, forgotten, failed }: Removal): void {
  io.err(`Objects: ${removed} deleted at MiniMax, ${forgotten} forgotten, ${failed.length} failed.`)
  for (const { kind, id } of failed) io.err(`Not deleted: ${kind} ${id}`)
}

const remove: Command = {
  words: 'user delete',
  positionals: ['ID'],
  options: [...REMOTE, 'objects'],
  summary: 'Delete a user with tokens and objects; calls stay on the books',
  async run(args, io) {
    const { objects } = args.options
    // Either may be regretted: neither is what happens when nothing is said.
    if (objects !== 'delete' && objects !== 'keep')
      throw new UsageError('"user delete" needs --objects delete or --objects keep')
    const path = `${userPath(args.positionals[0])}?objects=${objects}`
    const done = await apiFor(args, io).call(UserDeletionView, 'DELETE', path, undefined, LONG_TIMEOUT_MS)
    if (args.isJson) {
      io.out(JSON.stringify(done))
      return done.deleted ? 0 : 1
    }
    printRemoval(io, done)
    if (done.deleted) io.err(`${done.id} is deleted.`)
    else
      io.err(
        `${done.id} is suspended and has no valid token, but is not deleted. Try again, or --objects keep.`,
      )
    return done.deleted ? 0 : 1
  },
}

/** Commands about users. */
const callbackSecret: Command = {
  words: 'user callback-secret',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Print with what callbacks to a user are signed',
  async run(args, io) {
    const path = `${userPath(args.positionals[0])}/callback-secret`
    const answer = await apiFor(args, io).call(CallbackSecretView, 'GET', path)
    io.out(args.isJson ? JSON.stringify(answer) : answer.secret)
    return 0
  },
}

export const userCommands: readonly Command[] = [
  callbackSecret,
  add,
  list,
  show,
  set,
  setStatus('user suspend', 'suspended', 'Refuse a user from the next request on, and end what is under way'),
  setStatus('user activate', 'active', 'Let a suspended user in again'),
  remove,
]
