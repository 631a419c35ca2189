import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { objectsOf } from '../../src/minimax/objects.ts'
import { isRecord } from '../helpers/gateway.ts'
import { idsLike } from '../helpers/ids-like.ts'
import { excuseOf } from './fixtures-excuses.ts'

const FOLDER = process.env.MINIMAX_FIXTURES ?? join(import.meta.dirname, '../../../shared/fixtures/minimax')

/** Whether there are recorded and documented answers to look at. */
export const areThere = existsSync(FOLDER)

/** A recorded or documented answer. */
export interface Fixture {
  readonly file: string
  /** The operation that it answers; '' for what is nobody's in particular. */
  readonly operation: string
  /** The JSON documents in it: one, or those of its events or lines. */
  readonly documents: readonly unknown[]
}

/** Answers whose endpoint is told in words, or that are not asked for at an address of the catalog. */
const TOLD: Readonly<Record<string, string>> = {
  '_reconstructed/video.v1.callback.status.json': 'video.query',
}

/** The operation that `POST /path …` names. */
function operationOf(file: string, endpoint: string): string {
  const [, verb = '', path = ''] = /^(GET|POST|DELETE|WS)\s+(\/[^\s?]*)/.exec(endpoint) ?? []
  const method = verb === 'WS' ? 'GET' : verb
  const isAt = (pattern: string): boolean => pattern.replace(/\{\w+\}/, '') === path.replace(/\{\w+\}/, '')
  return OPERATIONS.find((one) => one.method === method && isAt(one.path))?.name ?? TOLD[file] ?? ''
}

/** The documents in a text, whatever their framing: JSON, lines of JSON, or events. */
export function documentsIn(text: string): unknown[] {
  const whole = parsed(text)
  if (whole !== undefined) return [whole]
  return text
    .split('\n')
    .map((line) => parsed(line.replace(/^data:\s*/, '')))
    .filter((document) => document !== undefined)
}

function parsed(text: string): unknown {
  try {
    const document: unknown = JSON.parse(text)
    return document
  } catch {
    return undefined
  }
}

/** Every recorded and documented answer. */
export function fixtures(): Fixture[] {
  const sources: unknown = JSON.parse(readFileSync(join(FOLDER, 'sources.json'), 'utf8'))
  if (!Array.isArray(sources)) throw new Error('sources.json is no list')
  return sources.filter(isRecord).map(({ file, endpoint }) => {
    if (typeof file !== 'string' || typeof endpoint !== 'string') throw new Error('a source without a file')
    const documents = documentsIn(readFileSync(join(FOLDER, file), 'utf8'))
    return { file, operation: operationOf(file, endpoint), documents }
  })
}

/** Fields of an operation's answer that its columns declare. */
function declaredFor(operation: string): ReadonlySet<string> {
  const { makes, echoes } = objectsOf(operation)
  return new Set([...makes.filter((one) => one.in === 'answer').map(({ at }) => at), ...echoes])
}

/** Fields of an answer that look like ids, and that are neither declared nor excused. */
export function undeclaredIn(operation: string, document: unknown): string[] {
  const declared = declaredFor(operation)
  return idsLike(document).filter((path) => !declared.has(path) && excuseOf(operation, path) === undefined)
}
