import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../log.ts'
import { SYSTEM_VOICES } from '../minimax/system-voices.ts'
import { elementsOf, objectOf, objectText, rawOf, stringOf, written } from './lists-json.ts'

export interface SystemVoicesOptions {
  /** Asks MiniMax for `get_voice {"voice_type":"system"}`; gives the whole answer. Must end by itself. */
  readonly fetch: () => Promise<Buffer>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Pick<Logger, 'warn'>
}

const MINUTE_MS = 60_000
/** How old the list may become: MiniMax adds voices from time to time. */
const FRESH_MS = 60 * MINUTE_MS
/** How often it is asked at the most, whatever users ask for and however often asking fails. */
const PAUSE_MS = MINUTE_MS

/** The voices, by name; each as its element of the list is written. */
type Voices = ReadonlyMap<string, string>

/**
 * The voices that every account has. MiniMax is asked at the start, every hour, and when somebody names a voice that
 * is not known. While asking fails, the last list holds, and before the first one those that are documented.
 */
export class SystemVoices {
  readonly #options: SystemVoicesOptions
  #voices: Voices = new Map(SYSTEM_VOICES.map((name) => [name, entryOf(name)]))
  /** When MiniMax last gave its list, and when it was last asked: monotonic milliseconds. */
  #givenAt = -Infinity
  #askedAt = -Infinity
  #asking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: SystemVoicesOptions) {
    this.#options = options
  }

  /** Asks for the list, and from now on every hour. Resolves when the first answer is there; never rejects. */
  start(): Promise<void> {
    if (this.#timer === undefined && !this.#isClosed) {
      this.#timer = setInterval(() => {
        if (this.#now() - this.#givenAt >= FRESH_MS && this.#mayAsk()) void this.#ask()
      }, PAUSE_MS)
      this.#timer.unref()
    }
    return this.#ask()
  }

  /** Resolves when MiniMax has given its list, or cannot now. From the first call on the list is kept fresh. */
  ready(): Promise<void> {
    if (this.#givenAt !== -Infinity) return Promise.resolve()
    if (this.#timer === undefined) return this.start()
    return this.#mayAsk() ? this.#ask() : (this.#asking ?? Promise.resolve())
  }

  /** Whether every account has a voice of that name; a promise where MiniMax must be asked first. It never rejects. */
  has(name: string): boolean | Promise<boolean> {
    if (this.knows(name)) return true
    if (this.#asking === undefined && !this.#mayAsk()) return false
    return this.#ask().then(() => this.knows(name))
  }

  /** Whether a voice of that name is known to be everybody's, without asking. */
  knows(name: string): boolean {
    return this.#voices.has(name)
  }

  /** Every voice as MiniMax's list shows it: the JSON text of each element, byte for byte. */
  entries(): readonly string[] {
    return [...this.#voices.values()]
  }

  /** Asks no more; what is known stays known. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
  }

  #now(): number {
    return this.#options.clock.monotonic()
  }

  #mayAsk(): boolean {
    return !this.#isClosed && this.#now() - this.#askedAt >= PAUSE_MS
  }

  /** However many want to know at once, MiniMax is asked once. */
  #ask(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#asking ??= this.#read().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  async #read(): Promise<void> {
    this.#askedAt = this.#now()
    try {
      const voices = voicesIn(await this.#options.fetch())
      if (this.#isClosed) return
      this.#voices = voices
      this.#givenAt = this.#now()
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the system voices could not be read; the list before stays')
    }
  }
}

/** A voice of which nothing is known but its name, as MiniMax's list would show it. */
export function entryOf(name: string): string {
  const quoted = JSON.stringify(name)
  return written([
    ['voice_id', quoted],
    ['description', '[]'],
    ['voice_name', quoted],
    ['created_time', '"1970-01-01"'],
  ])
}

/** @throws Error when the answer is no list of voices: an account without any does not exist */
function voicesIn(answer: Buffer): Voices {
  const document = objectText(answer)
  const status = objectOf(document && rawOf(document, 'base_resp'))
  const code = status && rawOf(status, 'status_code')
  if (document === undefined || (code !== undefined && code !== '0'))
    throw new Error(`get_voice answered ${code ?? 'with something else than JSON'}`)
  const voices = new Map<string, string>()
  for (const element of elementsOf(rawOf(document, 'system_voice')) ?? []) {
    const voice = objectOf(element)
    const name = voice && stringOf(rawOf(voice, 'voice_id'))
    if (voice !== undefined && name !== undefined && name !== '') voices.set(name, voice)
  }
  if (voices.size === 0) throw new Error('get_voice answered with no system voices')
  return voices
}
