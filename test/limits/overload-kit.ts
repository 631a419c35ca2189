import { GatewayError } from '../../src/errors.ts'
import { Overload, type OverloadRefusal } from '../../src/limits/overload.ts'

/** A user of a simulation. */
export interface SimulatedUser {
  readonly id: string
  /** Requests a second, asked for whatever becomes of them. */
  readonly rate: number
}

/** What came of one user's requests. */
export interface Served {
  asked: number
  accepted: number
  /** Milliseconds from the arrival of each accepted request to its end. */
  readonly waits: number[]
}

export interface SimulationOptions {
  readonly delayMs?: number
  /** What one accepted request takes of the processor, in milliseconds. */
  readonly serviceMs?: number
  /** And one that is refused. */
  readonly refusalMs?: number
}

/** Numbers from 0 to below 1, the same ones each time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** An event loop, simulated: each pass serves what has come until it began. */
export class Simulation {
  now = 0
  readonly refusals: OverloadRefusal[] = []
  readonly overload: Overload
  readonly #serviceMs: number
  readonly #refusalMs: number
  readonly #random = seeded(7)
  #deferred: (() => void)[] = []

  constructor({ delayMs = 50, serviceMs = 0.5, refusalMs = 0.004 }: SimulationOptions = {}) {
    this.#serviceMs = serviceMs
    this.#refusalMs = refusalMs
    this.overload = new Overload({
      maxInflight: 0,
      delayMs,
      clock: { now: () => this.now, monotonic: () => this.now },
      refused: (kind) => void this.refusals.push(kind),
      random: seeded(3),
      defer: (run) => void this.#deferred.push(run),
    })
  }

  /** Lets users ask at random times for so long. @returns what each of them got, without the first `settleMs` */
  run(
    users: readonly SimulatedUser[],
    ms: number,
    settleMs = 0,
  ): { readonly of: ReadonlyMap<string, Served>; readonly waits: readonly number[] } {
    const of = new Map<string, Served>()
    for (const { id } of users) of.set(id, { asked: 0, accepted: 0, waits: [] })
    const from = this.now + settleMs
    let arrivals = this.#arrivals(users, this.now, this.now + ms)
    while (arrivals.length > 0) {
      const next = arrivals.findIndex(({ at }) => at > this.now)
      const due = next < 0 ? arrivals : arrivals.slice(0, next)
      arrivals = next < 0 ? [] : arrivals.slice(next)
      for (const { id, at } of due) this.#serve(id, at, at < from ? undefined : of.get(id))
      const idle = due.length === 0 && this.#deferred.length === 0
      this.#endPass()
      if (idle) this.now = arrivals[0]?.at ?? this.now
      else this.now += 0.01
    }
    return { of, waits: [...of.values()].flatMap(({ waits }) => waits) }
  }

  #arrivals(
    users: readonly SimulatedUser[],
    from: number,
    to: number,
  ): { readonly id: string; readonly at: number }[] {
    return users
      .flatMap(({ id, rate }) => {
        const times = []
        let at = from
        for (;;) {
          at += (-Math.log(1 - this.#random()) * 1_000) / rate
          if (at >= to) return times
          times.push({ id, at })
        }
      })
      .sort((a, b) => a.at - b.at)
  }

  #serve(id: string, at: number, served: Served | undefined): void {
    if (served !== undefined) served.asked++
    this.overload.begin(this.now)
    try {
      this.overload.admit(id, this.now)
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'overloaded') throw error
      this.now += this.#refusalMs
      return
    } finally {
      this.overload.end()
    }
    this.now += this.#serviceMs
    if (served === undefined) return
    served.accepted++
    served.waits.push(this.now - at)
  }

  #endPass(): void {
    const deferred = this.#deferred
    this.#deferred = []
    for (const run of deferred) run()
  }
}

/** @param users how many, who ask for so many requests a second together */
export function alike(users: number, rate: number): readonly SimulatedUser[] {
  return Array.from({ length: users }, (_, index) => ({ id: `user-${index}`, rate: rate / users }))
}

/** The value below which so much of all lies. */
export function share(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(part * values.length)] ?? NaN
}
