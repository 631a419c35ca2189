import { createHash } from 'node:crypto'

/** A MiniMax API key of the operator, ready to be sent. */
export interface UpstreamKey {
  /** The operator's name for it, as in logs and metrics. */
  readonly name: string
  /** The MiniMax account that it belongs to, by the operator's name for it. */
  readonly account: string
  /** The value of the `Authorization` header. Never printed. */
  readonly authorization: string
}

/** What a key is made of: the setting's own shape. */
export interface KeySetting {
  readonly name: string
  readonly account: string
  readonly key: { reveal(): string }
}

/** The operator's keys, used in turn. */
export class UpstreamKeys {
  readonly #keys: readonly UpstreamKey[]
  readonly #byAccount = new Map<string, readonly UpstreamKey[]>()
  readonly #accounts: readonly string[]
  #next = 0

  /** @param keys at least one */
  constructor(keys: readonly KeySetting[]) {
    if (keys.length === 0) throw new RangeError('at least one upstream key is needed')
    this.#keys = keys.map(({ name, account, key }) => ({
      name,
      account,
      authorization: `Bearer ${key.reveal()}`,
    }))
    for (const key of this.#keys)
      this.#byAccount.set(key.account, [...(this.#byAccount.get(key.account) ?? []), key])
    this.#accounts = [...this.#byAccount.keys()]
  }

  /**
   * @param account null: any
   * @returns the next key in turn; undefined when the operator has taken away all keys of the account
   */
  pickOf(account: string | null): UpstreamKey | undefined {
    const keys = account === null ? this.#keys : (this.#byAccount.get(account) ?? [])
    const key = keys[this.#next % keys.length]
    this.#next = (this.#next + 1) % (this.#keys.length * 1_000)
    return key
  }

  /** @returns the key of that name; undefined when the operator has taken it away */
  named(name: string): UpstreamKey | undefined {
    return this.#keys.find((key) => key.name === name)
  }

  /** @returns a key other than this one, of the account; undefined when there is none */
  pickOther(than: UpstreamKey, account: string | null): UpstreamKey | undefined {
    for (let tries = this.#keys.length; tries > 0; tries--) {
      const key = this.pickOf(account)
      if (key !== undefined && key.name !== than.name) return key
    }
    return undefined
  }

  /** The keys of an account. */
  of(account: string): readonly UpstreamKey[] {
    return this.#byAccount.get(account) ?? []
  }

  /**
   * The account on which a user's objects are made, always the same one while it has keys, so that what they make can be
   * used together: MiniMax knows nothing of the objects of another account. (Rendezvous hashing: of the accounts the one
   * with the highest hash, so that adding one moves few users.)
   */
  homeOf(userId: string): string {
    const [only = '', ...others] = this.#accounts
    if (others.length === 0) return only
    const hashOf = (account: string): string =>
      createHash('sha256').update(`${account}\n${userId}`).digest('hex')
    return this.#accounts.reduce((best, account) => (hashOf(account) > hashOf(best) ? account : best), only)
  }
}
