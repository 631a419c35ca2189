import type { Clock } from '../lib/clock.ts'
import type { UpstreamKeys } from './keys.ts'
import type { LiveCalls } from './live.ts'
import type { SecretForms } from './secrets.ts'
import type { CallTurns } from './turn.ts'

/** What every relay works with. */
export interface WebSocketTools {
  readonly baseUrl: string
  /** Certificates to trust, PEM; undefined: Node's own. */
  readonly ca?: readonly string[] | undefined
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxDurationMs: number
  readonly keys: UpstreamKeys
  readonly secrets: SecretForms
  readonly live: LiveCalls
  readonly clock: Clock
  readonly turns: CallTurns
}
