import { pino, type DestinationStream, type Logger } from 'pino'
import { build as pretty } from 'pino-pretty'
import type { Call } from './call.ts'

export type { Logger } from 'pino'

/** Characters of lines that are gathered before they are written: a write each was the dearest part of a request. */
const BATCH = 8 * 1024
const FLUSH_MS = 500
/** Bytes that wait for a reader that does not read; beyond them lines are lost, and counted, rather than memory. */
const MAX_WAITING = 8 * 1024 * 1024

let stampedAt = 0
let stamp = ''

/** The time as a field, made anew only when the millisecond has changed. */
function isoTime(): string {
  const now = Date.now()
  if (now !== stampedAt) {
    stampedAt = now
    stamp = `,"time":"${new Date(now).toISOString()}"`
  }
  return stamp
}

/** A log and the means to write out what it still holds. */
export interface Log {
  readonly logger: Logger
  /** Writes a line that is serialised already; null where lines are not JSON on their own stream. */
  readonly writeLine: ((line: string) => void) | null
  close(): void
}

export interface LogOptions {
  readonly level: string
  readonly format: 'auto' | 'json' | 'pretty'
  /** Where the lines go instead of stdout; for tests. */
  readonly destination?: DestinationStream
}

/**
 * Opens the log: JSON lines, or readable ones on a terminal. What is logged are small objects of our own, never a
 * request, a header, a body or a query; so there is nothing in them to redact.
 */
export function openLog(options: LogOptions): Log {
  const settings = { level: options.level, base: null, timestamp: isoTime }
  if (options.destination !== undefined) {
    const { destination } = options
    return {
      logger: pino(settings, destination),
      writeLine: (line) => destination.write(line),
      close: () => undefined,
    }
  }
  if (options.format === 'pretty' || (options.format === 'auto' && process.stdout.isTTY)) {
    return {
      logger: pino(
        settings,
        pretty({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l', sync: true }),
      ),
      writeLine: null,
      close: () => undefined,
    }
  }
  const lines = new LineBatch()
  return {
    logger: pino(settings, lines),
    writeLine: (line) => lines.write(line),
    close: () => lines.close(),
  }
}

/** Gathers lines into batches. pino's own destination can do that too, but it measures all that it holds at each line. */
class LineBatch implements DestinationStream {
  readonly #destination = pino.destination({ dest: 1, minLength: 0, sync: false, maxLength: MAX_WAITING })
  readonly #timer: NodeJS.Timeout
  #batch = ''
  #lost = 0

  constructor() {
    this.#destination.on('drop', (batch: string) => (this.#lost += batch.split('\n').length - 1))
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS)
    this.#timer.unref()
  }

  write(line: string): void {
    this.#batch += line
    if (this.#batch.length >= BATCH) this.#flush()
  }

  #flush(): void {
    if (this.#batch === '') return
    const batch = this.#batch
    this.#batch = ''
    this.#tellLost()
    this.#destination.write(batch)
  }

  #tellLost(): void {
    const lost = this.#lost
    if (lost === 0) return
    this.#lost = 0
    this.#destination.write(`{"level":40${isoTime()},"lines":${lost},"msg":"log lines were lost"}\n`)
    // There is still no room, not even for this.
    if (this.#lost > 0) this.#lost = lost
  }

  close(): void {
    clearInterval(this.#timer)
    this.#flush()
    this.#destination.flushSync()
  }
}

/** A client's own text, short enough for a line. */
const MAX_TEXT = 128

function causeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined
  const code = 'code' in cause && typeof cause.code === 'string' ? `${cause.code}: ` : ''
  return `${code}${cause.message}`.slice(0, 512)
}

/**
 * The one line of a request.
 * @param mask takes the master key out of a text
 */
export function logCall({ logger, writeLine }: Log, call: Call, mask: (text: string) => string): void {
  const cause = causeOf(call.cause)
  const line = {
    requestId: call.requestId,
    user: call.caller?.userId,
    token: call.caller?.tokenId,
    session: call.caller?.sessionId === '' ? undefined : call.caller?.sessionId,
    endUser: call.caller?.endUser === '' ? undefined : call.caller?.endUser,
    operation: call.operation.name,
    model: call.model === '' ? undefined : mask(call.model.slice(0, MAX_TEXT)),
    outcome: call.outcome,
    status: call.status,
    durationMs: round(call.durationMs),
    firstByteMs: call.firstByteAt === 0 ? undefined : round(call.firstByteAt - call.startedAt),
    bytesIn: call.bytesIn,
    bytesOut: call.bytesOut,
    charged: call.charged === '' || call.charged === '0' ? undefined : call.charged,
    estimated: call.bill?.estimated === true ? true : undefined,
    providerCode: call.providerCode === 0 ? undefined : call.providerCode,
    upstreamKey: call.upstreamKey === '' ? undefined : call.upstreamKey,
    attempts: call.attempts > 1 ? call.attempts : undefined,
    keyMasked: call.keyMasked === 0 ? undefined : call.keyMasked,
    cause: cause === undefined ? undefined : mask(cause),
  }
  const isWarning =
    call.keyMasked > 0 || call.outcome === 'gateway_error' || call.outcome === 'provider_account'
  if (isWarning) logger.warn(line, 'request')
  else if (writeLine === null) logger.info(line, 'request')
  else if (logger.isLevelEnabled('info')) {
    // What pino would write, at a quarter of its cost: this is the one line that every request pays for.
    writeLine(`{"level":30${isoTime()},${JSON.stringify(line).slice(1, -1)},"msg":"request"}\n`)
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
