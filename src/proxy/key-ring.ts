import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { StoredKey, UpstreamKeyStore } from '../store/store.ts'
import type { KeySeal } from './key-seal.ts'
import type { KeySecrets } from './key-secrets.ts'
import {
  sealedView,
  viewOf,
  type ConfiguredKey,
  type KeyOrigin,
  type KeyView,
  type NewKey,
  type RingKey,
} from './key-view.ts'
import type { KeySetting, UpstreamKeys } from './keys.ts'

export type { ConfiguredKey, KeyView, NewKey } from './key-view.ts'

export interface KeyRingOptions {
  readonly keys: UpstreamKeys
  readonly secrets: KeySecrets
  readonly store: UpstreamKeyStore
  /** Null: the operator has set none, and no key can be added. */
  readonly seal: KeySeal | null
  readonly clock: Clock
  /** Told of a stored key that cannot be opened. Must not throw. */
  readonly unreadable: (name: string, error: unknown) => void
  /** Told of a stored key whose name the settings have too: theirs counts. Must not throw. */
  readonly shadowed: (name: string) => void
}

/** More keys than this are a mistake, and each is looked for in every answer. */
const MOST_KEYS = 100

function secretOf(text: string): KeySetting['key'] {
  return { reveal: () => text }
}

/** All upstream keys, wherever they come from; adds, changes and removes them while calls go on. Changes come one after another. */
export class KeyRing {
  readonly #options: KeyRingOptions
  #configured: readonly ConfiguredKey[] = []
  #rows: readonly StoredKey[] = []
  #ring: readonly RingKey[] = []
  #unopened: readonly StoredKey[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: KeyRingOptions) {
    this.#options = options
  }

  /** Takes the configured keys and those of the store into use. @returns the names of all that are in use */
  open(configured: readonly ConfiguredKey[]): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      this.#configured = configured
      await this.#refresh()
      return this.#ring.map(({ name }) => name)
    })
  }

  /** The configured keys have changed. @returns whether they did */
  reload(configured: readonly ConfiguredKey[]): Promise<boolean> {
    return this.#inTurn(async () => {
      const textOf = (keys: readonly ConfiguredKey[]): string =>
        JSON.stringify(keys.map(({ key, ...rest }) => ({ ...rest, key: key.reveal() })))
      if (textOf(configured) === textOf(this.#configured)) return false
      this.#configured = configured
      await this.#refresh()
      return true
    })
  }

  /** Reads the store anew, and takes what is there into use: the texts that are masked first. */
  async #refresh(): Promise<void> {
    const { keys, secrets, store } = this.#options
    this.#rows = await store.list()
    const configured = this.#configured.map((key): RingKey => {
      const row = this.#rows.find(({ name }) => name === key.name)
      return {
        ...key,
        isDisabled: row?.disabledAt !== null && row?.disabledAt !== undefined && row.sealed === null,
      }
    })
    const unopened: StoredKey[] = []
    const stored = this.#rows.flatMap((row): RingKey[] => {
      if (row.sealed === null) return []
      if (configured.some(({ name }) => name === row.name)) {
        this.#options.shadowed(row.name)
        return []
      }
      const key = this.#opened(row, row.sealed)
      if (key === undefined) unopened.push(row)
      return key === undefined ? [] : [key]
    })
    this.#unopened = unopened
    this.#ring = [...configured, ...stored]
    secrets.use(this.#ring.map(({ key }) => key.reveal()))
    keys.replace(this.#ring)
  }

  #opened(row: StoredKey, sealed: string): RingKey | undefined {
    const { seal, unreadable } = this.#options
    try {
      if (seal === null) throw new Error('KEY_ENCRYPTION_KEY is not set')
      const { name, account, weight, disabledAt } = row
      return {
        name,
        account,
        weight,
        isDisabled: disabledAt !== null,
        source: 'stored',
        key: secretOf(seal.open(row, sealed)),
      }
    } catch (error) {
      unreadable(row.name, error)
      return undefined
    }
  }

  /** Every key, by name. */
  list(): readonly KeyView[] {
    const open = this.#ring.flatMap((key): KeyView[] => {
      const slot = this.#options.keys.all.find(({ name }) => name === key.name)
      const disabledAt = this.#rows.find(({ name }) => name === key.name)?.disabledAt ?? null
      return slot === undefined ? [] : [viewOf(key, slot, disabledAt)]
    })
    const all = [...open, ...this.#unopened.map(sealedView)]
    return all.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** @throws GatewayError `not_found` */
  get(name: string): KeyView {
    const view = this.list().find((one) => one.name === name)
    if (view === undefined) throw new GatewayError('not_found', 'There is no such upstream key.')
    return view
  }

  /** @throws GatewayError `conflict`: the name is taken, there are too many, or nothing can be sealed */
  add({ name, account = name, weight = 1, key }: NewKey): Promise<KeyView> {
    return this.#inTurn(async () => {
      const { store, clock } = this.#options
      const seal = this.#needSeal()
      if (this.list().some((one) => one.name === name))
        throw new GatewayError('conflict', 'There is an upstream key of this name.', { path: 'name' })
      if (this.list().length >= MOST_KEYS)
        throw new GatewayError('conflict', `There are ${MOST_KEYS} upstream keys; remove one first.`)
      // What is left of a key that is not in the settings any more.
      if (this.#rows.some((row) => row.name === name && row.sealed === null)) await store.remove(name)
      const at = clock.now()
      const sealed = seal.seal({ name, account }, key)
      const row = { name, account, weight, sealed, disabledAt: null, createdAt: at, updatedAt: at }
      if (!(await store.add(row)))
        throw new GatewayError('conflict', 'There is an upstream key of this name.', { path: 'name' })
      await this.#refresh()
      return this.get(name)
    })
  }

  /** @throws GatewayError `not_found`; `conflict`: the weight of a configured key is where the key is */
  change(
    name: string,
    change: { readonly weight?: number | undefined; readonly isDisabled?: boolean | undefined },
  ): Promise<KeyView> {
    return this.#inTurn(async () => {
      const { source } = this.get(name)
      const { weight, isDisabled } = change
      const { store, clock } = this.#options
      if (weight !== undefined) needStored(source, 'weight')
      const at = clock.now()
      const disabledAt = isDisabled === undefined ? undefined : isDisabled ? at : null
      if (source === 'stored') {
        await store.update(
          name,
          { ...(weight !== undefined && { weight }), ...(disabledAt !== undefined && { disabledAt }) },
          at,
        )
      } else if (isDisabled === true) await this.#disableConfigured(name, at)
      else if (isDisabled === false) await this.#enableConfigured(name)
      await this.#refresh()
      return this.get(name)
    })
  }

  async #disableConfigured(name: string, at: number): Promise<void> {
    const row = this.#rows.find((one) => one.name === name)
    if (row !== undefined && row.sealed !== null) throw shadowing()
    const { account } = this.get(name)
    if (row !== undefined) return
    await this.#options.store.add({
      name,
      account,
      weight: 1,
      sealed: null,
      disabledAt: at,
      createdAt: at,
      updatedAt: at,
    })
  }

  async #enableConfigured(name: string): Promise<void> {
    const row = this.#rows.find((one) => one.name === name)
    if (row?.sealed === null) await this.#options.store.remove(name)
  }

  /** The key has another text from now on; calls under way go on with the old one. @throws GatewayError `not_found`, `conflict` */
  rotate(name: string, key: string): Promise<KeyView> {
    return this.#inTurn(async () => {
      const { source, account } = this.get(name)
      needStored(source, 'key')
      const { store, clock } = this.#options
      await store.update(name, { sealed: this.#needSeal().seal({ name, account }, key) }, clock.now())
      await this.#refresh()
      return this.get(name)
    })
  }

  /** Calls under way go on with it. @returns how it stood. @throws GatewayError `not_found`, `conflict` */
  remove(name: string): Promise<KeyView> {
    return this.#inTurn(async () => {
      const view = this.get(name)
      needStored(view.source, 'key')
      await this.#options.store.remove(name)
      await this.#refresh()
      return view
    })
  }

  /** Seals every stored key anew with the first key for sealing. @returns how many. @throws GatewayError `conflict` */
  reseal(): Promise<number> {
    return this.#inTurn(async () => {
      const seal = this.#needSeal()
      const seals = new Map<string, string>()
      for (const row of this.#rows) {
        if (row.sealed === null || seal.isCurrent(row.sealed) || this.#isUnopened(row.name)) continue
        seals.set(row.name, seal.seal(row, seal.open(row, row.sealed)))
      }
      await this.#options.store.reseal(seals, this.#options.clock.now())
      await this.#refresh()
      return seals.size
    })
  }

  #isUnopened(name: string): boolean {
    return this.#unopened.some((row) => row.name === name)
  }

  #needSeal(): KeySeal {
    const { seal } = this.#options
    if (seal !== null) return seal
    throw new GatewayError(
      'conflict',
      'Keys are stored only when they can be sealed. Set KEY_ENCRYPTION_KEY (or KEY_ENCRYPTION_KEY_FILE) to 32 random bytes in base64, start the gateway again, and repeat this; or add the key to the file of MINIMAX_API_KEYS_FILE.',
    )
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(change)
    // Whoever asked for it hears of its failure; the next one starts all the same.
    this.#last = next.catch(() => undefined)
    return next
  }
}

function shadowing(): GatewayError {
  return new GatewayError(
    'conflict',
    'The store has another key of this name. Rename the one in the settings.',
  )
}

/** @throws GatewayError `conflict` of a key that is not kept by us */
function needStored(source: KeyOrigin, what: 'weight' | 'key'): void {
  if (source === 'stored') return
  const where =
    source === 'file'
      ? 'in its file; the gateway reads it again by itself'
      : 'in MINIMAX_API_KEYS, and start the gateway again'
  throw new GatewayError('conflict', `The ${what} of this upstream key is changed ${where}.`)
}
