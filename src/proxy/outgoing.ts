import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import type { UpstreamKeys } from './keys.ts'
import type { LiveCalls } from './live.ts'
import type { SecretForms } from './secrets.ts'
import type { CallTurns } from './turn.ts'
import type { Upload } from './upload.ts'
import type { Upstream } from './upstream.ts'

/** What every exchange works with. */
export interface ExchangeTools {
  readonly upstream: Upstream
  readonly keys: UpstreamKeys
  readonly secrets: SecretForms
  readonly live: LiveCalls
  readonly clock: Clock
  readonly turns: CallTurns
  /** What becomes of a stream whose caller left: closed, or read to its end. */
  readonly onCallerGone: 'cancel' | 'drain'
  readonly streamMaxMs: number
  /** Whether answers that are not streams say what was charged for them. */
  readonly tellsCharge: boolean
}

/** A request that is ready to be sent. */
export interface Outgoing {
  readonly path: string
  readonly clientHeaders: IncomingHttpHeaders
  /** Ours, not the client's own text; null when there is no body. */
  readonly contentType: string | null
  /** A whole body, or one that is passed on as it comes; null: none. */
  readonly body: Buffer | Upload | null
  /** Of a body that is passed on as it comes, where the client told it. */
  readonly contentLength: number | null
  /** Usage was asked for that the client did not ask for: it is not to see the chunk that brings it. */
  readonly hidesUsage: boolean
}
