import type { RateLimit } from './rate.ts'

/** How an emulator is started. */
export interface EmulatorOptions {
  /** Address to listen on, 127.0.0.1. */
  host?: string
  /** Port, 0 = any free one. */
  port?: number
  /** Accepted API keys. Without it every non-empty key is accepted. */
  keys?: string[]
  /** Serve HTTPS and WSS with this certificate (PEM). */
  tls?: { key: string; cert: string }
  /** How long a video or async speech task takes, 300. 0: done at the first query. */
  taskDelayMs?: number
  /** Pause between two chunks of a stream, 0. */
  chunkDelayMs?: number
  /** Keep the requests for inspection, true. */
  record?: boolean
  /** Append the accept log to this file too, a JSON line per change; the log is kept without `record` then. */
  acceptLog?: string
  /** Do not print warnings about requests that nobody expected. */
  quiet?: boolean
  /** Call `callback_url` of video tasks, false: a test must ask for traffic that leaves the emulator. */
  callbacks?: boolean
  /** Calls beyond it are refused with code 1002, whoever they are from; it can be changed while running. */
  rateLimit?: RateLimit
}
