import { GatewayError } from '../errors.ts'
import type { LimiterEvents } from './limiter.ts'

/** Hears that something was read, or that it could not be. */
export type ReadingListener = (error: GatewayError | null) => void

/** Something of the books that may change while it is read. */
export interface Readable<T> {
  read(): Promise<T>
  /** Another number whenever something has changed that an answer may hold or lack. */
  version(): number
  take(value: T): void
}

/** Whoever settles without a pause while all who ask anew have to wait would have to do so this often. */
const MOST_TRIES = 8

/** Reads until nothing has changed meanwhile: nobody could tell whether the answer holds the change or lacks it. */
async function readSteadily<T>(readable: Readable<T>): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const before = readable.version()
    const value = await readable.read()
    if (readable.version() !== before) continue
    // In one step with the comparison: what is settled from here on is added to what was read.
    readable.take(value)
    return
  }
  throw new Error('the books changed each time they were read')
}

/** One reading of the books, shared by all who wait for it. */
export class Reading {
  isOver = false
  #listeners: ReadingListener[] = []

  /** @param listener is called once; it must not throw */
  wait(listener: ReadingListener): void {
    this.#listeners.push(listener)
  }

  /** Tells all who wait. */
  end(error: GatewayError | null): void {
    this.isOver = true
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener(error)
  }
}

/** @param after is called when those who waited have been told */
export function startReading<T>(readable: Readable<T>, events: LimiterEvents, after: () => void): Reading {
  const reading = new Reading()
  const end = (error: GatewayError | null) => {
    reading.end(error)
    after()
  }
  void readSteadily(readable).then(
    () => end(null),
    (error: unknown) => {
      events.failed(error)
      end(new GatewayError('store_unavailable', undefined, { cause: error }))
    },
  )
  return reading
}
