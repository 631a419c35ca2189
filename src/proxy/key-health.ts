import type { Call } from '../call.ts'

/** Codes by which MiniMax says that a key cannot be used: wrong (1004, 2049), out of money (1008), out of its plan (2056). */
const UNUSABLE: ReadonlySet<number> = new Set([1004, 1008, 2049, 2056])

/** What the last answers say about each upstream key: usable until MiniMax says that it is not, and again from its next success on. */
export class KeyHealth {
  readonly #isUp: Map<string, boolean>

  /** @param names of all keys */
  constructor(names: readonly string[]) {
    this.#isUp = new Map(names.map((name) => [name, true]))
  }

  /** A call has ended. */
  heard({
    upstreamKey,
    providerCode,
    outcome,
  }: Pick<Call, 'upstreamKey' | 'providerCode' | 'outcome'>): void {
    const isUp = this.#isUp.get(upstreamKey)
    if (isUp === undefined) return
    if (isUp && UNUSABLE.has(providerCode)) this.#isUp.set(upstreamKey, false)
    else if (!isUp && outcome === 'ok') this.#isUp.set(upstreamKey, true)
  }

  get states(): readonly { readonly name: string; readonly isUp: boolean }[] {
    return [...this.#isUp].map(([name, isUp]) => ({ name, isUp }))
  }
}
