import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { LedgerChange, LedgerStore } from '../store/store.ts'

/** Changes of one transaction, at the most. */
const MAX_BATCH = 2_000
/** Changes that wait, at the most, before new calls are refused. */
const MAX_WAITING = 50_000
/** Pause between two tries while the store takes no writes. */
const RETRY_MS = 250
/** An answer is not held back for longer than this while the store takes no writes; its settlement stays in memory. */
const PATIENCE_MS = 5_000

/** What the ledger tells about itself. */
export interface LedgerEvents {
  /**
   * @param ms how long the store took for a transaction
   * @param waitedMs how long, before that, the change waited that had come first
   */
  committed(ms: number, changes: number, waitedMs: number): void
  /** The store takes no writes: new calls are refused, and what has happened waits in memory. */
  failing(error: GatewayError): void
  recovered(): void
  /** A change that the store can never take. Its call is not on the books as it should be. */
  lost(change: LedgerChange, error: unknown): void
}

interface Waiting {
  readonly change: LedgerChange
  /** Told once: an error only where the change was given up. */
  done: ((error: GatewayError | null, applied: boolean) => void) | null
  readonly since: number
}

/**
 * Brings changes to the store in groups: while one transaction is being written the next one gathers, so that a busy
 * gateway pays for one write to the disk where a quiet one pays for each. Order is kept.
 */
export class Ledger {
  readonly #store: Pick<LedgerStore, 'write'>
  readonly #clock: Clock
  readonly #events: LedgerEvents
  #waiting: Waiting[] = []
  /** Changes of the transaction that is under way. */
  #underway = 0
  #isScheduled = false
  #isFailing = false
  #retry: NodeJS.Timeout | undefined
  #whenEmpty: (() => void)[] = []
  /** How many changes were ever taken, and of how many it was told what became of them. */
  #taken = 0
  #told = 0
  #barriers: { readonly at: number; readonly pass: () => void }[] = []

  constructor(store: Pick<LedgerStore, 'write'>, clock: Clock, events: LedgerEvents) {
    this.#store = store
    this.#clock = clock
    this.#events = events
  }

  /** Whether new calls are refused because the store takes no writes. */
  get isFailing(): boolean {
    return this.#isFailing
  }

  /** How many changes are not on disk yet. */
  get waiting(): number {
    return this.#waiting.length + this.#underway
  }

  /**
   * Writes a change. An `open` is refused with `store_unavailable` when the store takes no writes; every other change is
   * kept and tried again until it is written.
   * @param done once it is on disk, or given up, or (not an `open`) when waiting longer would hold up the caller
   */
  write(change: LedgerChange, done: ((error: GatewayError | null, applied: boolean) => void) | null): void {
    const isOpen = change.kind === 'open'
    if (isOpen && (this.#isFailing || this.#waiting.length >= MAX_WAITING)) {
      done?.(new GatewayError('store_unavailable'), false)
      return
    }
    this.#taken++
    this.#waiting.push({ change, done, since: this.#clock.monotonic() })
    if (!this.#isFailing) this.#schedule()
  }

  /** Resolves when all that waits now was written, or given up, and whoever wrote it was told. */
  flushed(): Promise<void> {
    if (this.#told >= this.#taken) return Promise.resolve()
    return new Promise((pass) => this.#barriers.push({ at: this.#taken, pass }))
  }

  #tell(count: number): void {
    this.#told += count
    while (this.#barriers[0] !== undefined && this.#barriers[0].at <= this.#told)
      this.#barriers.shift()?.pass()
  }

  /** Resolves when all is on disk, or after so many milliseconds. @returns how many changes are not */
  async close(graceMs: number): Promise<number> {
    if (this.waiting > 0) {
      this.#schedule()
      await Promise.race([
        new Promise<void>((resolve) => this.#whenEmpty.push(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref()),
      ])
    }
    clearTimeout(this.#retry)
    return this.waiting
  }

  /** At the end of this turn of the event loop, so that all that happens in it goes together. */
  #schedule(): void {
    if (this.#isScheduled || this.#underway > 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    if (this.#underway > 0 || this.#waiting.length === 0) return
    const batch = this.#waiting.length <= MAX_BATCH ? this.#waiting : this.#waiting.slice(0, MAX_BATCH)
    this.#waiting = this.#waiting.length <= MAX_BATCH ? [] : this.#waiting.slice(MAX_BATCH)
    this.#underway = batch.length
    try {
      await this.#commit(batch)
      this.#recover()
    } catch (error) {
      await this.#handle(batch, error)
    }
    this.#underway = 0
    if (this.#waiting.length > 0) {
      if (!this.#isFailing) this.#schedule()
    } else {
      const resolvers = this.#whenEmpty
      this.#whenEmpty = []
      for (const resolve of resolvers) resolve()
    }
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const startedAt = this.#clock.monotonic()
    const applied = await this.#store.write(batch.map(({ change }) => change))
    const waitedMs = startedAt - (batch[0]?.since ?? startedAt)
    this.#events.committed(this.#clock.monotonic() - startedAt, batch.length, waitedMs)
    for (const [at, { done }] of batch.entries()) done?.(null, applied[at] === true)
    this.#tell(batch.length)
  }

  async #handle(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (error instanceof GatewayError && error.code === 'store_unavailable') {
      this.#fail(batch, error)
      return
    }
    // One of them is the reason; alone, it does not take the others with it.
    for (const [at, waiting] of batch.entries()) {
      try {
        await this.#commit([waiting])
      } catch (cause) {
        if (cause instanceof GatewayError && cause.code === 'store_unavailable') {
          this.#fail(batch.slice(at), cause)
          return
        }
        this.#events.lost(waiting.change, cause)
        waiting.done?.(new GatewayError('internal', undefined, { cause }), false)
        this.#tell(1)
      }
    }
  }

  #fail(batch: readonly Waiting[], error: GatewayError): void {
    const all = [...batch, ...this.#waiting]
    this.#waiting = all.filter(({ change }) => change.kind !== 'open')
    if (!this.#isFailing) this.#events.failing(error)
    this.#isFailing = true
    // Told last: whoever is refused may write something at once.
    for (const { change, done } of all) {
      if (change.kind !== 'open') continue
      done?.(error, false)
      this.#tell(1)
    }
    this.#release()
    this.#retry = setTimeout(() => {
      this.#release()
      // With nothing kept there is nothing to try with: the next call tries.
      if (this.#waiting.length === 0) this.#recover()
      else void this.#flush()
    }, RETRY_MS)
    this.#retry.unref()
  }

  /** Lets go of the callers that have waited long enough; what they used stays to be written. */
  #release(): void {
    const now = this.#clock.monotonic()
    for (const waiting of this.#waiting) {
      if (waiting.done === null || now - waiting.since < PATIENCE_MS) continue
      const { done } = waiting
      waiting.done = null
      done(null, false)
    }
  }

  #recover(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#events.recovered()
  }
}
