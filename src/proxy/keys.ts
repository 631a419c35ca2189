/** A MiniMax API key of the operator, ready to be sent. */
export interface UpstreamKey {
  /** The operator's name for it, as in logs and metrics. */
  readonly name: string
  /** The value of the `Authorization` header. Never printed. */
  readonly authorization: string
}

/** The operator's keys, used in turn. */
export class UpstreamKeys {
  readonly #keys: readonly UpstreamKey[]
  #next = 0

  /** @param keys at least one */
  constructor(keys: readonly { readonly name: string; readonly key: { reveal(): string } }[]) {
    if (keys.length === 0) throw new RangeError('at least one upstream key is needed')
    this.#keys = keys.map(({ name, key }) => ({ name, authorization: `Bearer ${key.reveal()}` }))
  }

  /** @returns the next key in turn */
  pick(): UpstreamKey {
    const key = this.#keys[this.#next % this.#keys.length]
    this.#next = (this.#next + 1) % this.#keys.length
    if (key === undefined) throw new RangeError('at least one upstream key is needed')
    return key
  }

  /** @returns the key of that name; undefined when the operator has taken it away */
  named(name: string): UpstreamKey | undefined {
    return this.#keys.find((key) => key.name === name)
  }

  /** @returns a key other than this one; undefined when it is the only one */
  pickOther(than: UpstreamKey): UpstreamKey | undefined {
    for (let tries = this.#keys.length; tries > 0; tries--) {
      const key = this.pick()
      if (key.name !== than.name) return key
    }
    return undefined
  }
}
