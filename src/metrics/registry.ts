import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { PREFIX, type Family } from './families.ts'

export type { Gauge }

/** A counter of which one series is kept at hand. */
export interface Child {
  inc(by?: number): void
}

/** What Prometheus reads. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/** Makes the families of series and writes them out. The runtime's own are among them. */
export class MetricsRegistry {
  readonly #registry = new Registry()

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
  }

  /** @param collect runs whenever Prometheus reads, and brings the counter up to date */
  counter<L extends string>(family: Family<L>, collect?: (counter: Counter<L>) => void): Counter<L> {
    const counter = new Counter<L>({
      ...this.#named(family),
      ...(collect === undefined ? {} : { collect: (): void => collect(counter) }),
    })
    return counter
  }

  /** A counter of which every series is known beforehand and begins at 0. */
  counted<L extends string, V extends string>(
    family: Family<L>,
    label: L,
    values: readonly V[],
  ): ReadonlyMap<V, Child> {
    const counter = this.counter<string>(family)
    return new Map(
      values.map((value) => {
        const child: Child = counter.labels({ [label]: value })
        child.inc(0)
        return [value, child]
      }),
    )
  }

  /** @param collect runs whenever Prometheus reads, and sets the gauge */
  gauge<L extends string>(family: Family<L>, collect: (gauge: Gauge<L>) => void | Promise<void>): void {
    const gauge = new Gauge<L>({
      ...this.#named(family),
      collect: (): void | Promise<void> => collect(gauge),
    })
  }

  /** @param buckets upper bounds, in seconds, rising */
  histogram<L extends string>(family: Family<L>, buckets: readonly number[]): Histogram<L> {
    return new Histogram({ ...this.#named(family), buckets: [...buckets] })
  }

  /** All of it, as it is now. */
  async exposition(): Promise<Exposition> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #named<L extends string>({ name, help, labels }: Family<L>) {
    return { name: `${PREFIX}${name}`, help, labelNames: [...labels], registers: [this.#registry] }
  }
}
