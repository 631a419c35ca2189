import { FAMILIES } from './families.ts'
import type { MetricsRegistry } from './registry.ts'

/** How an upstream key stands. */
const STATES = ['usable', 'cooling', 'doubted', 'invalid', 'spent', 'disabled'] as const

const RELOADS = ['applied', 'refused'] as const

/** What came of files of keys that have changed. */
export type KeysReload = (typeof RELOADS)[number]

/** An upstream key as Prometheus sees it. */
export interface KeyState {
  /** The operator's name for it. */
  readonly name: string
  readonly state: (typeof STATES)[number]
  /** Calls that have it. */
  readonly inflight: number
}

/** Calls are sent with a key in these states. */
const UP: ReadonlySet<string> = new Set(['usable', 'cooling'])

/** What Prometheus reads of upstream keys. Labels are the operator's names. */
export class KeyMetrics {
  readonly #reloads: ReturnType<MetricsRegistry['counted']>
  #keys: () => readonly KeyState[] = () => []

  constructor(registry: MetricsRegistry) {
    this.#reloads = registry.counted<'result', string>(FAMILIES.keyReloads, 'result', RELOADS)
    registry.gauge(FAMILIES.keyUp, (gauge) => {
      gauge.reset()
      for (const { name, state } of this.#keys()) gauge.set({ key: name }, UP.has(state) ? 1 : 0)
    })
    registry.gauge(FAMILIES.keyState, (gauge) => {
      gauge.reset()
      for (const { name: key, state: its } of this.#keys())
        for (const state of STATES) gauge.set({ key, state }, its === state ? 1 : 0)
    })
    registry.gauge(FAMILIES.keyInflight, (gauge) => {
      gauge.reset()
      for (const { name, inflight } of this.#keys()) gauge.set({ key: name }, inflight)
    })
  }

  /** @param keys asked whenever Prometheus reads */
  watch(keys: () => readonly KeyState[]): void {
    this.#keys = keys
  }

  /** Files of keys have changed. */
  reloaded(result: KeysReload): void {
    this.#reloads.get(result)?.inc()
  }
}
