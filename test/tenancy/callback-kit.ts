import type { Clock } from '../../src/lib/clock.ts'
import type { Store } from '../../src/store/store.ts'
import type { Timer } from '../../src/lib/timer.ts'
import { CallbackDelivery, type DeliveryEvents } from '../../src/tenancy/callback-delivery.ts'
import type { Outgoing, Post } from '../../src/tenancy/callback-post.ts'
import { createCallbackSecrets } from '../../src/tenancy/callback-signature.ts'

/** A clock that is moved by hand, with timers that run when it passes them. */
export class Time implements Pick<Clock, 'now'> {
  #now: number
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>()

  constructor(now = 1_000_000_000_000) {
    this.#now = now
  }

  readonly now = (): number => this.#now

  readonly timer: Timer = (run, milliseconds) => {
    const timer = { at: this.#now + milliseconds, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Milliseconds until the next timer; Infinity: there is none. */
  get next(): number {
    return Math.min(...[...this.#timers].map(({ at }) => at)) - this.#now
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue
      this.#timers.delete(timer)
      timer.run()
    }
  }
}

export interface Told {
  readonly ended: [id: string, state: string, tries: number][]
  readonly failed: [id: string, problem: number | string, nextAt: number | null][]
  readonly storeFailures: unknown[]
}

/** Events as lists. */
export function listening(): { readonly told: Told; readonly events: DeliveryEvents } {
  const told: Told = { ended: [], failed: [], storeFailures: [] }
  return {
    told,
    events: {
      ended: ({ id }, state, tries) => told.ended.push([id, state, tries]),
      failed: ({ id }, problem, nextAt) =>
        told.failed.push([id, 'status' in problem ? problem.status : String(problem.error), nextAt]),
      storeFailed: (error) => told.storeFailures.push(error),
    },
  }
}

/** A post that is answered by hand, or by a rule. */
export class Answers {
  readonly sent: (Outgoing & { readonly answer: (status: number) => void })[] = []
  #waiting: (() => void)[] = []
  rule: ((outgoing: Outgoing) => number | Error) | undefined

  readonly post: Post = (outgoing, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      this.sent.push({ ...outgoing, answer: (status) => resolve({ status }) })
      for (const done of this.#waiting.splice(0)) done()
      const ruled = this.rule?.(outgoing)
      if (ruled instanceof Error) reject(ruled)
      else if (ruled !== undefined) resolve({ status: ruled })
    })

  /** Resolves when so many posts have been sent in all. */
  async count(posts: number): Promise<void> {
    while (this.sent.length < posts) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

export const secretOf = createCallbackSecrets('the pepper of the gateway')

/** A delivery over a store, with a clock and a receiver of the test's. */
export function delivering(callbacks: Store['callbacks'], time: Time, answers: Answers) {
  const { told, events } = listening()
  const delivery = new CallbackDelivery({
    store: callbacks,
    post: answers.post,
    secretOf,
    clock: time,
    random: () => 0.5,
    events,
    timer: time.timer,
  })
  return { delivery, told }
}
