import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { Connection } from './connection.ts'
import { CommandError } from './io.ts'

const TIMEOUT_MS = 30_000

/**
 * For what waits for MiniMax many times over, as the deletion of a user's objects does: a little less than fetch itself
 * waits for an answer. The gateway goes on when nobody waits any more.
 */
export const LONG_TIMEOUT_MS = 290_000

/** How to start a gateway, for those who forgot. */
export const START_HINT = 'Start it with "npm start" (or "npm run demo"), or name another address with --url.'

const ErrorAnswer = Type.Object({ error: Type.Object({ code: Type.String(), message: Type.String() }) })

/** The admin API as the commands use it. */
export interface Api {
  /** @throws CommandError that says what went wrong and how to mend it */
  call<Schema extends TSchema>(
    schema: Schema,
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    timeoutMs?: number,
  ): Promise<Static<Schema>>
  /** Every item of a list, page by page. */
  all<Item>(
    read: (query: string) => Promise<{ readonly items: readonly Item[]; readonly next: string | null }>,
    filters?: Readonly<Record<string, string | undefined>>,
  ): Promise<Item[]>
}

/** Why a connection failed, in a word: `ECONNREFUSED`, or `bad port` for those that no web client may use. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return 'unknown'
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}

/** @throws CommandError when nothing answers */
export async function reach(url: URL, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response> {
  try {
    // A redirect is not followed: the token is for this address alone.
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    throw new CommandError(
      'not_reachable',
      `No gateway answers at ${url.origin} (${reasonOf(error)}). ${START_HINT}`,
    )
  }
}

async function answerOf(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    return undefined
  }
}

function failure(response: Response, answer: unknown, { url, tokenOrigin }: Connection): CommandError {
  if (!Value.Check(ErrorAnswer, answer)) return notOurs(url, response.status)
  const { code, message } = answer.error
  const hint =
    response.status === 401
      ? ` The token was read from ${tokenOrigin}; the gateway at ${url.origin} wants another one. See --admin-token-file.`
      : ''
  return new CommandError(code, message + hint)
}

function notOurs(url: URL, status: number): CommandError {
  return new CommandError(
    'not_a_gateway',
    `What answers at ${url.origin} is not the admin API of a gateway (HTTP ${status}). Check --url, ADMIN_HOST and ADMIN_PORT.`,
  )
}

/** The admin API at the other end of a connection. */
export function apiOf(connection: Connection): Api {
  const { url, token } = connection
  return {
    async call(schema, method, path, body, timeoutMs) {
      const init = {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }
      const response = await reach(new URL(path, url), init, timeoutMs)
      const answer = await answerOf(response)
      if (!response.ok) throw failure(response, answer, connection)
      if (!Value.Check(schema, answer)) throw notOurs(url, response.status)
      return answer
    },

    async all(read, filters = {}) {
      const query = new URLSearchParams({ limit: '1000' })
      for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value)
      const first = await read(query.toString())
      const items = [...first.items]
      for (let { next } = first; next !== null;) {
        query.set('cursor', next)
        const page = await read(query.toString())
        items.push(...page.items)
        next = page.next
      }
      return items
    },
  }
}
