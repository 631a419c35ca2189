import { FAMILIES } from './families.ts'
import type { MetricsRegistry } from './registry.ts'

const RESULTS = ['ok', 'failed'] as const

/** How one reading of an issuer's keys ended. */
export type JwksResult = (typeof RESULTS)[number]

/** Counts how often the keys of identity providers were read. */
export class JwksMetrics {
  readonly #fetches: ReturnType<MetricsRegistry['counter']>

  constructor(registry: MetricsRegistry) {
    this.#fetches = registry.counter<string>(FAMILIES.jwksFetches)
  }

  /** Issuers begin at 0, so that an alert sees the first failure. @param issuers by the operator's names */
  open(issuers: readonly string[]): void {
    for (const issuer of issuers) for (const result of RESULTS) this.#fetches.inc({ issuer, result }, 0)
  }

  /** The keys of an issuer were read, or could not be. */
  fetched(issuer: string, result: JwksResult): void {
    this.#fetches.inc({ issuer, result })
  }
}
