import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { everySetting, type Setting } from './describe.ts'
import { crossProblems } from './relations.ts'
import { settings, type Config, type Settings } from './schema.ts'
import {
  problemLine,
  readEnvironment,
  readYaml,
  strangeVariables,
  type Environment,
  type Given,
  type ReadFile,
} from './sources.ts'
import { keyFilesOf } from './key-files.ts'
import { loneKey } from './upstream-keys.ts'

/** Everything that is wrong with the configuration, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The environment of this process: the one place where it is read. */
export const environment: Environment = process.env

export interface LoadOptions {
  env?: Environment
  readFile?: ReadFile
}

type Json = string | number | boolean | string[]

function items(value: string | string[]): string[] {
  const written = typeof value === 'string' ? value.split(',') : value
  return written.map((item) => item.trim()).filter((item) => item !== '')
}

/** The value in the form that the schema checks. What does not fit its kind is left as it is, for the schema to refuse. */
function jsonFrom({ kind }: Setting, value: string | string[]): Json {
  if (kind === 'list' || kind === 'cidrs') return items(value)
  if (kind === 'keys' && typeof value !== 'string') return value.join(',')
  if (kind === 'integer' && typeof value === 'string' && /^-?\d{1,16}$/.test(value)) return Number(value)
  if (kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

/** Kinds whose values a message may repeat. Not text: by a slip a key may stand there. */
const QUOTED = new Set(['integer', 'boolean', 'choice', 'duration'])

const LONGEST_QUOTE = 24

/** A structured value tells of several places in it at once, a line each, which begins with where it is. */
function structureProblems({ path, source }: Given, lines: string): string[] {
  return lines.split('\n').map((line) => {
    const mark = line.indexOf(': ')
    return problemLine(`${path}${line.slice(0, mark)}`, source, line.slice(mark + 2))
  })
}

function problemsOf(setting: Setting, given: Given, json: Json): string[] {
  const [error] = Value.Errors(setting.schema, json)
  if (error === undefined) return []
  if (setting.kind === 'json' && error.keyword === '~refine') return structureProblems(given, error.message)
  const isShown = QUOTED.has(setting.kind) && given.value.length <= LONGEST_QUOTE
  const quoted = isShown ? JSON.stringify(given.value) : 'its value'
  const problem =
    error.keyword === '~refine' && error.message !== ''
      ? error.message
      : `${quoted} is not ${setting.expects}. ${exampleOf(setting)}`
  return [problemLine(given.path, given.source, problem)]
}

function exampleOf({ variable, examples }: Setting): string {
  return `Write for example \`${variable}=${examples[0] ?? ''}\``
}

function defaultsOf(dataDir: string): Map<string, Given> {
  return new Map(
    everySetting.flatMap(({ name, default: text }) =>
      text === undefined
        ? []
        : [
            [
              name,
              { path: name, source: 'default', value: text.replace('DATA_DIR/', () => join(dataDir, '/')) },
            ],
          ],
    ),
  )
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function configFrom(decoded: Settings, given: ReadonlyMap<string, Given>): Config {
  const { minimax_api_key: single, minimax_api_keys: named = [], ...rest } = decoded
  const upstreamKeyFiles = Object.freeze(keyFilesOf(given))
  const isFile = (variable: string) => upstreamKeyFiles.some((file) => file.variable === variable)
  const first =
    single === undefined ? [] : [loneKey(single, isFile('MINIMAX_API_KEY_FILE') ? 'file' : 'setting')]
  const others = isFile('MINIMAX_API_KEYS_FILE')
    ? named.map((key) => Object.freeze({ ...key, source: 'file' as const }))
    : named
  const renamed = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [
      camelCase(name),
      Array.isArray(value) ? Object.freeze(value) : value,
    ]),
  )
  // The only place where the derived names are trusted: test/config/load.test.ts compares them with the schema's.
  const shared = renamed as Omit<Config, 'upstreamKeys' | 'upstreamKeyFiles'>
  return Object.freeze({ ...shared, upstreamKeys: Object.freeze([...first, ...others]), upstreamKeyFiles })
}

/**
 * The configuration out of defaults, the YAML file that `CONFIG` names, and the environment, each over the one before.
 * @returns the frozen configuration, and warnings about variables that look like ours and are not
 * @throws ConfigError that tells every problem at once and repeats no secret
 */
export function loadConfig({
  env = environment,
  readFile = (path) => readFileSync(path, 'utf8'),
}: LoadOptions = {}): {
  config: Config
  warnings: string[]
} {
  const file = env.CONFIG ?? ''
  const fromFile = file === '' ? undefined : readYaml(file, readFile)
  const fromEnvironment = readEnvironment(env, readFile)
  const problems = [...(fromFile?.problems ?? []), ...fromEnvironment.problems]
  const set = new Map([...(fromFile?.given ?? []), ...fromEnvironment.given])
  const dataDir = set.get('data_dir')?.value
  const given = new Map([...defaultsOf(typeof dataDir === 'string' ? dataDir : './data'), ...set])

  const json: Record<string, Json> = {}
  for (const setting of everySetting) {
    const value = given.get(setting.name)
    if (value === undefined) continue
    const converted = jsonFrom(setting, value.value)
    const found = problemsOf(setting, value, converted)
    if (found.length === 0) json[setting.name] = converted
    problems.push(...found)
  }
  const tried = new Set([...given.keys(), ...(fromFile?.tried ?? []), ...fromEnvironment.tried])
  problems.push(...crossProblems({ json, given, tried, readFile }))
  if (problems.length > 0) throw new ConfigError(problems)
  return { config: configFrom(Value.Decode(settings, json), given), warnings: strangeVariables(env) }
}
