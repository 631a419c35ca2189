import { Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { everySetting } from './describe.ts'
import { nearest } from './suggest.ts'

/** A value as some source wrote it, and where. */
export interface Given {
  readonly path: string
  readonly source: string
  readonly value: string | string[]
  /** The file that holds the value alone, where it was set by `NAME_FILE`. */
  readonly file?: string
}

export type Environment = Readonly<Record<string, string | undefined>>
export type ReadFile = (path: string) => string

/** What a source gave, by setting name; which settings it tried to give; and what is wrong with it. */
export interface Reading {
  readonly given: ReadonlyMap<string, Given>
  readonly tried: readonly string[]
  readonly problems: string[]
}

const names = everySetting.map(({ name }) => name)
const variables = everySetting.map(({ variable }) => variable)
const structures = new Set(everySetting.filter(({ kind }) => kind === 'json').map(({ name }) => name))

/** One line of a report: which setting, where it was set, what is wrong and how to mend it. */
export function problemLine(path: string, source: string, problem: string): string {
  return `${path} (${source}): ${problem}${/[.`]$/.test(problem) ? '' : '.'}`
}

/** The text of a file, or what went wrong. The path is not repeated: by a slip it may be the secret itself. */
export function readText(path: string, readFile: ReadFile): { text: string } | { problem: string } {
  try {
    return { text: readFile(path) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return { problem: `the file that it names cannot be read (${code}). Check the path and its permissions` }
  }
}

function fromSecretFile(variable: string, file: string, readFile: ReadFile): Given | string {
  const path = `${variable}_FILE`
  const read = readText(file, readFile)
  if ('problem' in read) return problemLine(path, 'environment', read.problem)
  const value = read.text.replace(/\r?\n$/, '')
  if (value === '')
    return problemLine(path, 'environment', 'the file that it names is empty. Write the value into it')
  return { path, source: `file ${file}`, value, file }
}

/** What the environment sets, by `NAME` or by `NAME_FILE`. An empty variable counts as unset. */
export function readEnvironment(env: Environment, readFile: ReadFile): Reading {
  const given = new Map<string, Given>()
  const tried: string[] = []
  const problems: string[] = []
  for (const { name, variable } of everySetting) {
    const value = env[variable] ?? ''
    const file = env[`${variable}_FILE`] ?? ''
    if (value !== '' || file !== '') tried.push(name)
    if (value !== '' && file !== '') {
      const both = `is set together with ${variable}_FILE. Keep one of the two`
      problems.push(problemLine(variable, 'environment', both))
    } else if (value !== '') {
      given.set(name, { path: variable, source: 'environment', value })
    } else if (file !== '') {
      const read = fromSecretFile(variable, file, readFile)
      if (typeof read === 'string') problems.push(read)
      else given.set(name, read)
    }
  }
  return { given, tried, problems }
}

/** Variables that nobody reads and that look like ours: probably a slip, possibly somebody else's. */
export function strangeVariables(env: Environment): string[] {
  const known = new Set(['CONFIG', ...variables, ...variables.map((variable) => `${variable}_FILE`)])
  const similar = variables.filter((variable) => variable.length >= 6 && variable.includes('_'))
  return Object.keys(env).flatMap((variable) => {
    if (known.has(variable) || (env[variable] ?? '') === '') return []
    const meant = nearest(variable.replace(/_FILE$/, ''), similar)
    if (meant === undefined && !variable.startsWith('MINIMAX_')) return []
    const hint = meant === undefined ? 'See docs/configuration.md' : `Did you mean ${meant}?`
    return [`${variable} (environment): is not a setting and is ignored. ${hint}`]
  })
}

/** Plain scalars keep the text that was written: `1.10` must not become 1.1. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined
  if (node.value === null) return ''
  return typeof node.value === 'string' ? node.value : (node.source ?? '')
}

/** A structure as the JSON that the environment would hold. An alias in it would be a way to make much of little. */
function structureOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  const aliases: unknown[] = []
  visit(node, { Alias: (_, alias) => void aliases.push(alias) })
  return aliases.length > 0 ? undefined : JSON.stringify(node.toJS(new Document()))
}

function valueOf(node: unknown, isStructure: boolean): string | string[] | undefined {
  if (isStructure && !isScalar(node)) return structureOf(node)
  if (!isSeq(node)) return textOf(node)
  const items = node.items.map(textOf)
  return items.every((item) => item !== undefined) ? items : undefined
}

function unknownKey(key: string): string {
  const snake = key
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase()
  if (snake.endsWith('_file') && names.includes(snake.slice(0, -5))) {
    return `is not a setting. Set the environment variable ${snake.toUpperCase()} instead`
  }
  const meant = nearest(snake, names)
  return `is not a setting. ${meant === undefined ? 'See docs/configuration.md' : `Did you mean ${meant}?`}`
}

/** What a YAML file sets. Problems name the line and never quote it: it may hold a key. */
export function readYaml(file: string, readFile: ReadFile): Reading {
  const given = new Map<string, Given>()
  const tried: string[] = []
  const problems: string[] = []
  const refuse = (path: string, source: string, problem: string) => {
    problems.push(problemLine(path, source, problem))
    return { given, tried, problems }
  }
  const read = readText(file, readFile)
  if ('problem' in read) return refuse('CONFIG', 'environment', read.problem)

  const lineCounter = new LineCounter()
  const { contents, errors } = parseDocument(read.text, {
    lineCounter,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const at = (offset: number) => `${file} line ${lineCounter.linePos(offset).line}`
  for (const { code, pos } of errors)
    refuse('CONFIG', at(pos[0]), `is not valid YAML (${code}). Mend that line`)
  if (errors.length > 0 || contents === null || textOf(contents) === '') return { given, tried, problems }
  if (!isMap(contents)) return refuse('CONFIG', file, 'is not a map. Write one `setting: value` a line')

  for (const { key, value } of contents.items) {
    const name = textOf(key) ?? ''
    const source = at(isScalar(key) ? key.range[0] : 0)
    const text = valueOf(value, structures.has(name))
    if (!names.includes(name)) refuse(name, source, unknownKey(name))
    else if (text === undefined) {
      refuse(name, source, 'is a map or an alias. Write one value or a list of values')
      tried.push(name)
    } else if (text !== '') given.set(name, { path: name, source, value: text })
  }
  return { given, tried, problems }
}
