import type { Static } from 'typebox'
import { SessionTokenView } from '../routes/session-tokens-json.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { UsageError, type Io } from './io.ts'
import { limitsGiven, limitsText } from './limit-options.ts'
import { listFrom, tokenIdOf } from './tokens.ts'
import { apiFor, userPath } from './users.ts'

type Session = Static<typeof SessionTokenView>

function callsFrom(written: string | undefined): number | undefined {
  if (written === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written)
  throw new UsageError(`--max-calls needs a whole number of at least 1, not "${written}"`)
}

function bodyFrom(args: Arguments): object {
  const { options } = args
  return {
    token: options.token === undefined ? undefined : tokenIdOf(options.token),
    expires_in: options['expires-in'],
    operations: listFrom(options.operations, 'operations'),
    models: listFrom(options.models, 'models'),
    origins: listFrom(options.origins, 'origins'),
    cidrs: listFrom(options.cidrs, 'cidrs'),
    max_spend: options['max-spend'],
    max_calls: callsFrom(options['max-calls']),
    sub: options.sub,
    limits: limitsGiven(args),
  }
}

/** What narrows it, for a person; what is left out is as its token has it. */
function rulesOf({ sub, operations, models, origins, cidrs, max_calls: calls, limits }: Session): string[] {
  return [
    ...(sub === null ? [] : [`for ${sub}`]),
    ...(operations === null ? [] : [operations.join(', ')]),
    ...(models === null ? [] : [models.join(', ')]),
    ...(origins === null ? [] : [`on pages of ${origins.join(', ')}`]),
    ...(cidrs === null ? [] : [`from ${cidrs.join(', ')}`]),
    ...(calls === null ? [] : [`${calls} calls`]),
    ...(limits === null ? [] : [limitsText(limits)]),
  ]
}

/** The token alone on stdout, so that it can be piped; what is known about it on stderr. */
function printSession({ isJson }: Arguments, io: Io, session: Session): void {
  if (isJson) {
    io.out(JSON.stringify(session))
    return
  }
  const { id, user_id: user, parent, expires_at: ends, token } = session
  const rules = [...rulesOf(session), `until ${ends}`].join('; ')
  io.err(`Session ${id} of user ${user}, made of token ${parent}: ${rules}.`)
  io.err('It is shown this once, and ends with that token.')
  io.out(token)
}

const create: Command = {
  words: 'token session',
  positionals: ['USER'],
  options: [
    ...REMOTE,
    'token',
    'expires-in',
    'operations',
    'models',
    'origins',
    'cidrs',
    'max-spend',
    'max-calls',
    'sub',
    'requests-per-minute',
    'tokens-per-minute',
    'concurrency',
    'budget',
  ],
  summary: 'Make a session token of 1s to 1h (15m) out of a token; prints it alone',
  async run(args, io) {
    const path = `${userPath(args.positionals[0])}/session-tokens`
    printSession(args, io, await apiFor(args, io).call(SessionTokenView, 'POST', path, bodyFrom(args)))
    return 0
  },
}

/** Commands about sessions. */
export const sessionCommands: readonly Command[] = [create]
