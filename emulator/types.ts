import type { IncomingHttpHeaders } from 'node:http'
import type { Accepted } from './accepts.ts'
import type { Answer } from './answer.ts'
import type { RateLimit } from './rate.ts'
import type { Rule, Steps } from './scenarios.ts'
import type { Fields } from './fields.ts'
import type { World } from './world.ts'

export type { Answer } from './answer.ts'
export type { Fields } from './fields.ts'
export type { EmulatorOptions } from './options.ts'

/** How an operation says an error: platform docs, "Error codes". */
export type Dialect = 'native' | 'openai' | 'anthropic'

/** One request as it arrived: what a proxy sent upstream. */
export interface RecordedRequest {
  operation: string | null
  method: string
  /** Raw request target, query included. */
  path: string
  rawHeaders: string[]
  headers: IncomingHttpHeaders
  /** The body as it came, up to 1 MiB of it. */
  body: Buffer | null
  bodyBytes: number
  bodySha256: string
  /** The whole body (for a WebSocket: the handshake) arrived. */
  complete: boolean
  /** The client closed the connection before the answer was finished. */
  aborted: boolean
  /** When the exchange ended (ms since epoch). */
  closedAt?: number
  /** WebSocket: text frames received. */
  frames?: string[]
}

export interface Emulator {
  url: string
  port: number
  requests: RecordedRequest[]
  /** Requests per operation whose body was received in full. */
  accepted: Map<string, number>
  /** Every call that it took on, with what it bills. It outlives `reset`; throws when it had to leave some out. */
  acceptLog: () => Accepted[]
  /** Adds a rule: what the next matching requests get instead of a plain answer. */
  scenario: (rule: Rule) => void
  /** Sets the account's limit of requests anew, or takes it away; nothing counts against it that went before. */
  limitRate: (limit: RateLimit | undefined) => void
  /** How many calls were refused by that limit since it was set. */
  rateRefusals: () => number
  /** Forgets requests, counts, rules, files, voices and tasks. */
  reset: () => void
  /** Cuts every open connection, WebSockets included. */
  closeConnections: () => void
  close: () => Promise<void>
  /** Resolves with the first recorded request for which `predicate` holds, now or later. */
  waitFor: (predicate: (request: RecordedRequest) => boolean, timeoutMs?: number) => Promise<RecordedRequest>
}

/** One part of a multipart form. */
export interface FormFile {
  filename: string
  type: string
  bytes: number
  sha256: string
  /** null when larger than what is kept in memory. */
  content: Buffer | null
}

export interface Form {
  values: Map<string, string>
  files: Map<string, FormFile>
}

/** What a handler is given. */
export interface Call {
  operation: Operation
  /** The last path segment of operations that name an object in the path. */
  id: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  body: Fields
  form: Form | null
  steps: Steps
  world: World
}

export type Handler = (call: Call) => Answer | Promise<Answer>

/** One row of the operation table. */
export interface Operation {
  name: string
  method: 'GET' | 'POST' | 'DELETE'
  /** Exact path; a trailing `/*` stands for one more segment. */
  path: string
  dialect: Dialect
  body: 'json' | 'multipart' | 'none'
  /** A failed chat call carries an empty completion beside base_resp. */
  completion?: boolean
  handler: Handler
}
