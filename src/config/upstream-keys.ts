import { Secret } from './secret.ts'

/** Where a key of the configuration was written. */
export type KeySource = 'setting' | 'file'

/** A key of the operator at MiniMax, under the name by which logs and metrics call it. */
export interface UpstreamKey {
  readonly name: string
  /** The MiniMax account that the key belongs to, by a name of the operator's: its objects are not another's. */
  readonly account: string
  /** Its share of the calls beside the other keys, 1 to 100. */
  readonly weight: number
  readonly source: KeySource
  readonly key: Secret
}

/** A file that holds keys for MiniMax, and is read again when it changes. */
export interface KeyFile {
  readonly variable: 'MINIMAX_API_KEY_FILE' | 'MINIMAX_API_KEYS_FILE'
  readonly path: string
}

/** The name of the key that stands in MINIMAX_API_KEY. */
export const DEFAULT_KEY_NAME = 'default'

/** The weight of a key of which none is said, and the most that a key can have. */
export const DEFAULT_WEIGHT = 1
export const HIGHEST_WEIGHT = 100

/** What names of keys and accounts look like: as the labels of metrics, as they stand. */
export const KEY_NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/
const KEY = /^[\x21-\x7e]+$/
const WEIGHT = /^[1-9][0-9]{0,2}$/

interface Entry {
  readonly name: string | undefined
  readonly account: string
  /** As it was written; undefined: it was not. */
  readonly weight: string | undefined
  readonly key: string
}

function entriesOf(text: string): Entry[] {
  return text.split(',').map((entry) => {
    const equals = entry.indexOf('=')
    if (equals < 0) return { name: undefined, account: '', weight: undefined, key: entry }
    const head = entry.slice(0, equals).trim()
    const star = head.indexOf('*')
    const weight = star < 0 ? undefined : head.slice(star + 1)
    const [name = '', account = name] = (star < 0 ? head : head.slice(0, star)).split('@', 2)
    return { name, account, weight, key: entry.slice(equals + 1) }
  })
}

function isWeight(text: string): boolean {
  return WEIGHT.test(text) && Number(text) <= HIGHEST_WEIGHT
}

/** What is wrong with a key, without repeating any of it; nothing when it may be sent in a header. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty'
  if (/^bearer\s/i.test(key)) return 'begins with "Bearer". Write the key alone'
  if (/^["'].*["']$/.test(key)) return 'stands between quotation marks. Write the key alone'
  if (!KEY.test(key) || key.includes(',')) {
    return 'has a space, comma, control or non-ASCII character. Copy the key again, in one piece'
  }
  return undefined
}

function entryProblem({ name, account, weight, key }: Entry, entry: string): string | undefined {
  if (name === undefined) return `${entry} is not name=key. Write name=key,name=key`
  if (!KEY_NAME.test(name))
    return `${entry} has no valid name. Use up to 32 of a-z, 0-9, _ and - before the =`
  if (!KEY_NAME.test(account))
    return `${entry} has no valid account. Write name@account=key, with up to 32 of a-z, 0-9, _ and - after the @`
  if (weight !== undefined && !isWeight(weight))
    return `${entry} has no valid weight. Write name*3=key, with a whole number from 1 to ${HIGHEST_WEIGHT} after the *`
  const problem = keyProblem(key)
  return problem === undefined ? undefined : `the key of ${entry} ${problem}`
}

/** What is wrong with `name=key,name@account*weight=key`; entries are called by number, since a slip may put a key where a name belongs. */
export function upstreamKeysProblem(text: string): string | undefined {
  const names = new Set<string>()
  for (const [index, written] of entriesOf(text).entries()) {
    const entry = `entry ${index + 1}`
    const { name = '' } = written
    if (name !== '' && names.has(name))
      return `${entry} has the same name as an earlier one. Give each key a name of its own`
    const problem = entryProblem(written, entry)
    if (problem !== undefined) return problem
    names.add(name)
  }
  return undefined
}

/** The keys of a text that has no problem. */
export function parseUpstreamKeys(text: string, source: KeySource = 'setting'): UpstreamKey[] {
  return entriesOf(text).map(({ name = '', account, weight, key }) =>
    Object.freeze({
      name,
      account,
      weight: weight === undefined ? DEFAULT_WEIGHT : Number(weight),
      source,
      key: new Secret(key),
    }),
  )
}

/** The key that stands alone in MINIMAX_API_KEY. */
export function loneKey(key: Secret, source: KeySource): UpstreamKey {
  return Object.freeze({
    name: DEFAULT_KEY_NAME,
    account: DEFAULT_KEY_NAME,
    weight: DEFAULT_WEIGHT,
    source,
    key,
  })
}
