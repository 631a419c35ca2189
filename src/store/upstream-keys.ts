/**
 * What is kept of an upstream key beside the settings. One with a seal is a key of its own; one without says only that the
 * key of that name, which is in the settings or a file, is out of use.
 */
export interface StoredKey {
  readonly name: string
  readonly account: string
  /** 1 to 100. */
  readonly weight: number
  /** The key, sealed; null: it stands elsewhere. Never the key in clear. */
  readonly sealed: string | null
  /** Since when the operator has it out of use, in milliseconds since the Unix epoch; null: it is in use. */
  readonly disabledAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** Upstream keys that were added, or taken out of use, while the gateway runs. There are few: lists come whole. */
export interface UpstreamKeyStore {
  /** @returns false when the name is taken; nothing is written then */
  add(key: StoredKey): Promise<boolean>
  /** By name. */
  list(): Promise<readonly StoredKey[]>
  /** @returns the key as it stands after the change, or undefined when there is none */
  update(
    name: string,
    change: Partial<Pick<StoredKey, 'weight' | 'sealed' | 'disabledAt'>>,
    at: number,
  ): Promise<StoredKey | undefined>
  /** Several at once, all or none: names and their new seals. Those that are not there are left out. */
  reseal(seals: ReadonlyMap<string, string>, at: number): Promise<void>
  /** @returns false when there is no such key */
  remove(name: string): Promise<boolean>
}
