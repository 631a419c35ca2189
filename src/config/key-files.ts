import { readText, type Given, type ReadFile } from './sources.ts'
import { Secret } from './secret.ts'
import {
  DEFAULT_KEY_NAME,
  keyProblem,
  loneKey,
  parseUpstreamKeys,
  upstreamKeysProblem,
  type KeyFile,
  type UpstreamKey,
} from './upstream-keys.ts'

const VARIABLES = {
  minimax_api_key: 'MINIMAX_API_KEY_FILE',
  minimax_api_keys: 'MINIMAX_API_KEYS_FILE',
} as const

/** @param given by which source each setting was set. @returns the files among them that hold keys for MiniMax */
export function keyFilesOf(given: ReadonlyMap<string, Given>): KeyFile[] {
  return (['minimax_api_key', 'minimax_api_keys'] as const).flatMap((name) => {
    const { path, file } = given.get(name) ?? {}
    return path === VARIABLES[name] && file !== undefined
      ? [Object.freeze({ variable: path, path: file })]
      : []
  })
}

/** @throws Error that names the setting and repeats nothing of the file */
function keysIn({ variable, path }: KeyFile, readFile: ReadFile): UpstreamKey[] {
  const read = readText(path, readFile)
  if ('problem' in read) throw new Error(`${variable}: ${read.problem}`)
  const text = read.text.replace(/\r?\n$/, '')
  const isLone = variable === 'MINIMAX_API_KEY_FILE'
  const problem = isLone ? keyProblem(text) : upstreamKeysProblem(text)
  if (problem !== undefined) throw new Error(`${variable}: ${isLone ? 'the key ' : ''}${problem}`)
  return isLone ? [loneKey(new Secret(text), 'file')] : parseUpstreamKeys(text, 'file')
}

/**
 * The keys of the configuration as they are now: those of the files anew, the others as they were at the start.
 * @throws Error that says which file is wrong and how; then none of it counts
 */
export function readKeyFiles(
  configured: readonly UpstreamKey[],
  files: readonly KeyFile[],
  readFile: ReadFile,
): UpstreamKey[] {
  const fixed = configured.filter(({ source }) => source === 'setting')
  const keys = [...fixed, ...files.flatMap((file) => keysIn(file, readFile))]
  const names = new Set(keys.map(({ name }) => name))
  if (names.size !== keys.length)
    throw new Error(
      `MINIMAX_API_KEYS_FILE: has a name twice, or "${DEFAULT_KEY_NAME}" beside MINIMAX_API_KEY`,
    )
  return keys
}
