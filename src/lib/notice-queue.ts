import { systemTimer, type Timer } from './timer.ts'

/** Notices that wait; beyond it the oldest go, since the newest say how things stand. */
const MOST_WAITING = 100
/** Milliseconds before the second try, and before the third and last. */
const PAUSES = [2_000, 10_000] as const
/** Milliseconds that the end of the process waits for what is left. */
const GRACE_MS = 5_000

/** What a queue tells about itself; none of it may throw. */
export interface NoticeEvents {
  /** A try has failed. @param isLost there will be no other: the notice is lost */
  failed(error: unknown, isLost: boolean): void
  /** One was lost without a try: more wait than may, or the process ends. */
  dropped(): void
}

export interface NoticeQueueOptions<Item> {
  /** Hands one on; rejects when it did not arrive. @param signal nobody waits for it any more */
  readonly send: (item: Item, signal: AbortSignal) => Promise<void>
  readonly events: NoticeEvents
  readonly timer?: Timer | undefined
}

/** Hands notices on, one after the other, in the order in which they came, each up to three times. */
export class NoticeQueue<Item> {
  readonly #options: NoticeQueueOptions<Item>
  readonly #timer: Timer
  readonly #waiting: Item[] = []
  readonly #abort = new AbortController()
  #underway: Promise<void> | null = null
  #isClosing = false
  #wake = (): void => undefined

  constructor(options: NoticeQueueOptions<Item>) {
    this.#options = options
    this.#timer = options.timer ?? systemTimer
  }

  /** Takes a notice; never throws, and waits for nothing. */
  add(item: Item): void {
    if (this.#isClosing) {
      this.#options.events.dropped()
      return
    }
    this.#waiting.push(item)
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift()
      this.#options.events.dropped()
    }
    this.#underway ??= this.#run()
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#underway
  }

  /** Takes nothing more, tries all that waits once more without a pause, and gives up what is left after some seconds. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#wake()
    const cancel = this.#timer(() => this.#abort.abort(), GRACE_MS)
    await this.idle()
    cancel()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      if (this.#abort.signal.aborted) this.#options.events.dropped()
      else await this.#deliver(item)
    }
    this.#underway = null
  }

  async #deliver(item: Item): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#send(item)
        return
      } catch (error) {
        const pause = this.#isClosing ? undefined : PAUSES[tries - 1]
        this.#options.events.failed(error, pause === undefined)
        if (pause === undefined) return
        await this.#rest(pause)
      }
    }
  }

  /** Waits for the end of the process no longer than for the receiver. */
  async #send(item: Item): Promise<void> {
    const { signal } = this.#abort
    let give = (): void => undefined
    const given = new Promise<never>((_, reject) => {
      give = () => reject(new Error('the process ends'))
      signal.addEventListener('abort', give)
    })
    try {
      await Promise.race([this.#options.send(item, signal), given])
    } finally {
      signal.removeEventListener('abort', give)
    }
  }

  /** The end of the process cuts it short. */
  async #rest(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#timer(resolve, milliseconds)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
    this.#wake = () => undefined
  }
}
