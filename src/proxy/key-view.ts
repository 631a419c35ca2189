import { createHash } from 'node:crypto'
import type { StoredKey } from '../store/store.ts'
import type { KeyState } from './key-health.ts'
import type { HeardCode, KeySlot } from './key-slot.ts'
import type { KeySetting } from './key.ts'

/** Where a key comes from: a setting, a file, or the store, where the admin API put it. */
export type KeyOrigin = 'setting' | 'file' | 'stored'

/** A key of the settings or of a file. */
export interface ConfiguredKey extends KeySetting {
  readonly source: Exclude<KeyOrigin, 'stored'>
}

/** How a key stands, as the operator may see it. Times are milliseconds since the Unix epoch. */
export interface KeyView {
  readonly name: string
  readonly account: string
  readonly weight: number
  readonly source: KeyOrigin
  readonly state: KeyState | 'sealed'
  readonly since: number
  /** For which modalities its plan is used up; null: that is not what is wrong. */
  readonly spentFor: readonly string[] | null
  readonly inflight: number
  readonly codes: readonly HeardCode[]
  /** The first 8 hexadecimal digits of the SHA-256 of the key; '' where it cannot be opened. Of a random key of at least 128 bits they tell nothing. */
  readonly fingerprint: string
}

/** A key to add. */
export interface NewKey {
  readonly name: string
  /** Left out: one of its own, by its name. */
  readonly account?: string | undefined
  readonly weight?: number | undefined
  readonly key: string
}

/** A key in use, and where it comes from. */
export interface RingKey extends KeySetting {
  readonly source: KeyOrigin
}

function fingerprintOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8)
}

/** @param disabledAt since when the operator has it out of use; null: it is in use */
export function viewOf({ name, source, key }: RingKey, slot: KeySlot, disabledAt: number | null): KeyView {
  const { account, weight, state, health, inflight, codes } = slot
  return {
    name,
    account,
    weight,
    source,
    state,
    since: state === 'disabled' && disabledAt !== null ? disabledAt : health.since,
    spentFor: health.spentFor,
    inflight,
    codes,
    fingerprint: fingerprintOf(key.reveal()),
  }
}

/** Of a key that cannot be opened. */
export function sealedView({ name, account, weight, updatedAt }: StoredKey): KeyView {
  return {
    name,
    account,
    weight,
    source: 'stored',
    state: 'sealed',
    since: updatedAt,
    spentFor: null,
    inflight: 0,
    codes: [],
    fingerprint: '',
  }
}
