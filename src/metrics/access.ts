import { FAMILIES } from './families.ts'
import type { Child, MetricsRegistry } from './registry.ts'

/** What a request for access can come to. */
const STATES = ['pending', 'verified', 'approved', 'claimed', 'rejected', 'expired'] as const

/** One of them. */
export type AccessLabel = (typeof STATES)[number]

/** Counts requests for access. */
export class AccessMetrics {
  readonly #requests: ReadonlyMap<AccessLabel, Child>
  #open: () => Promise<number> = () => Promise.resolve(0)

  constructor(registry: MetricsRegistry) {
    this.#requests = registry.counted(FAMILIES.accessRequests, 'state', STATES)
    registry.gauge(FAMILIES.accessOpen, async (gauge) => {
      try {
        gauge.set(await this.#open())
      } catch {
        // The store says so elsewhere, and readiness with it; all the other metrics are still read.
        gauge.reset()
      }
    })
  }

  /** So many requests came to a state. */
  moved(state: AccessLabel, count: number): void {
    this.#requests.get(state)?.inc(count)
  }

  /** @param open asked whenever Prometheus reads: how many requests may still lead to a token */
  watch(open: () => Promise<number>): void {
    this.#open = open
  }
}
