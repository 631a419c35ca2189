import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { LoopDelay, type Defer } from './loop-delay.ts'
import { Shares } from './shares.ts'
import { WaterLevel } from './water-level.ts'

/** Why a request was refused: work waits for the processor, or too many are under way. */
export type OverloadRefusal = 'overload' | 'inflight'

export interface OverloadOptions {
  /** Requests under way at a time; 0: no limit. */
  readonly maxInflight: number
  /** How long work may wait for the event loop, in milliseconds; 0: for ever. */
  readonly delayMs: number
  readonly clock: Clock
  readonly refused: (kind: OverloadRefusal) => void
  /** From 0 to below 1. */
  readonly random?: () => number
  readonly defer?: Defer
}

/** Clients come back after so many seconds, drawn at random so that they do not come back together. */
const RETRY_SECONDS = [1, 2, 3, 4] as const

/**
 * Refuses requests while there are more than this process can serve, so that those it accepts are served in time: at once,
 * before they cost anything, and those of users who ask for more than their share first.
 */
export class Overload {
  readonly #maxInflight: number
  readonly #clock: Clock
  readonly #random: () => number
  readonly #refused: (kind: OverloadRefusal) => void
  readonly #delay: LoopDelay | null
  readonly #level: WaterLevel
  readonly #shares = new Shares()
  /** Made beforehand: what makes an error dear is its stack, which nobody reads here. */
  readonly #errors = RETRY_SECONDS.map(
    (retryAfter) => new GatewayError('overloaded', undefined, { retryAfter }),
  )
  #inflight = 0

  constructor({ maxInflight, delayMs, clock, refused, random = Math.random, defer }: OverloadOptions) {
    this.#maxInflight = maxInflight === 0 ? Infinity : maxInflight
    this.#random = random
    this.#clock = clock
    this.#refused = refused
    this.#level = new WaterLevel(delayMs)
    const heard = (ms: number, now: number): void => this.#level.update(ms, now, this.#shares)
    this.#delay = delayMs === 0 ? null : new LoopDelay(clock, heard, defer)
  }

  /** A request has come, at this time of the monotonic clock. Whoever begins it ends it, on every path. */
  begin(now: number): void {
    this.#inflight++
    this.#delay?.measure(now)
  }

  /** Work of requests has waited elsewhere, for so many milliseconds. */
  waited(ms: number): void {
    if (this.#delay !== null) this.#level.update(ms, this.#clock.monotonic(), this.#shares)
  }

  /** A request that was begun is over. */
  end(): void {
    this.#inflight--
  }

  /** Before anything is done for a request that was begun. @throws GatewayError `overloaded` */
  checkInflight(): void {
    if (this.#inflight > this.#maxInflight) this.#refuse('inflight')
  }

  /** As soon as it is known whose request it is. @throws GatewayError `overloaded` */
  admit(userId: string, now: number): void {
    if (this.#delay === null) return
    const rate = this.#shares.add(userId, now)
    const level = this.#level.at(now)
    // Of a user's requests as many are let in as stand below the level, whichever they are.
    if (rate > level && this.#random() * rate >= level) this.#refuse('overload')
    this.#level.admitted()
  }

  #refuse(kind: OverloadRefusal): never {
    this.#refused(kind)
    const error = this.#errors[Math.floor(this.#random() * this.#errors.length)]
    throw error ?? new GatewayError('overloaded')
  }
}
