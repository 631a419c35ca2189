import { Secret } from './secret.ts'

/** A key of the operator at MiniMax, under the name by which logs and metrics call it. */
export interface UpstreamKey {
  readonly name: string
  /** The MiniMax account that the key belongs to, by a name of the operator's: its objects are not another's. */
  readonly account: string
  readonly key: Secret
}

/** The name of the key that stands in MINIMAX_API_KEY. */
export const DEFAULT_KEY_NAME = 'default'

const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/
const KEY = /^[\x21-\x7e]+$/

interface Entry {
  readonly name: string | undefined
  readonly account: string
  readonly key: string
}

function entriesOf(text: string): Entry[] {
  return text.split(',').map((entry) => {
    const equals = entry.indexOf('=')
    if (equals < 0) return { name: undefined, account: '', key: entry }
    const [name = '', account = name] = entry.slice(0, equals).trim().split('@', 2)
    return { name, account, key: entry.slice(equals + 1) }
  })
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

/** What is wrong with `name=key,name@account=key`; entries are called by number, since a slip may put a key where a name belongs. */
export function upstreamKeysProblem(text: string): string | undefined {
  const names = new Set<string>()
  for (const [index, { name, account, key }] of entriesOf(text).entries()) {
    const entry = `entry ${index + 1}`
    if (name === undefined) return `${entry} is not name=key. Write name=key,name=key`
    if (!NAME.test(name)) return `${entry} has no valid name. Use up to 32 of a-z, 0-9, _ and - before the =`
    if (!NAME.test(account))
      return `${entry} has no valid account. Write name@account=key, with up to 32 of a-z, 0-9, _ and - after the @`
    if (names.has(name))
      return `${entry} has the same name as an earlier one. Give each key a name of its own`
    names.add(name)
    const problem = keyProblem(key)
    if (problem !== undefined) return `the key of ${entry} ${problem}`
  }
  return undefined
}

/** The keys of a text that has no problem. */
export function parseUpstreamKeys(text: string): UpstreamKey[] {
  return entriesOf(text).map(({ name = '', account, key }) =>
    Object.freeze({ name, account, key: new Secret(key) }),
  )
}
