import { GatewayError } from '../errors.ts'
import { OPERATIONS, PARAMETER_PATTERNS } from '../minimax/catalog.ts'
import type { OwnedObject } from '../store/store.ts'
import { fieldsOf, jsonObject, objectText, rawOf, without, written } from './lists-json.ts'

const PARAMETERS = OPERATIONS.find(({ name }) => name === 'video.v2.list')?.query ?? {}
const DEFAULT_SIZE = 10
const LARGEST_PAGE = 100

/** A task of which nothing was kept. */
const UNKNOWN: Readonly<Record<string, unknown>> = { status: 'queued' }

interface Wish {
  readonly page: number
  readonly size: number
  readonly ids: ReadonlySet<string> | undefined
  /** Fields of a task that must have these values. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/**
 * The answer to `video.v2.list`: a page of a user's own tasks, newest first.
 * @param objects the user's, of the kind `video_v2_task`
 * @param query of the request: `page_num` (from 1), `page_size` (1 to 100, else 10), `filter.status`, `filter.model`,
 * `filter.task_type`, `filter.task_ids` (separated by commas); what MiniMax does not know is ignored
 * @throws GatewayError `invalid_query`
 */
export function tasksList(objects: readonly OwnedObject[], query: URLSearchParams): Buffer {
  const wish = wishOf(query)
  const found = objects
    .filter((object) => (wish.ids?.has(object.id) ?? true) && isWished(object, wish))
    .toSorted((a, b) => b.createdAt - a.createdAt)
  const from = (wish.page - 1) * wish.size
  const items = found.slice(from, from + wish.size).map(taskOf)
  return Buffer.from(`{"items":[${items.join(',')}],"total":${found.length}}`)
}

function isWished({ detail }: OwnedObject, { fields }: Wish): boolean {
  if (fields.length === 0) return true
  const task = jsonObject(detail)?.fields ?? UNKNOWN
  return fields.every(([name, value]) => task[name] === value)
}

function wishOf(query: URLSearchParams): Wish {
  const value = (name: string): string | undefined => valueOf(query, name)
  const fields = ['status', 'model', 'task_type'].flatMap((name): [string, string][] => {
    const wanted = value(`filter.${name}`)
    return wanted === undefined ? [] : [[name, wanted]]
  })
  const ids = value('filter.task_ids')?.split(',')
  return {
    page: integerOf('page_num', value('page_num'), 1, Infinity) ?? 1,
    size: integerOf('page_size', value('page_size'), 1, LARGEST_PAGE) ?? DEFAULT_SIZE,
    ids: ids && new Set(ids),
    fields,
  }
}

function valueOf(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name)
  if (more.length > 0)
    throw new GatewayError('invalid_query', `The query names "${name}" more than once.`, { path: name })
  const kind = PARAMETERS[name]
  if (value !== undefined && (kind === undefined || !PARAMETER_PATTERNS[kind].test(value)))
    throw new GatewayError('invalid_query', `The value of "${name}" is not valid.`, { path: name })
  return value
}

function integerOf(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  const range = most === Infinity ? `${least} or more` : `from ${least} to ${most}`
  throw new GatewayError('invalid_query', `"${name}" must be a whole number, ${range}.`, { path: name })
}

/** A task as the list shows it. One that nobody has asked about yet carries no id in its detail. */
function taskOf({ id, detail, createdAt }: OwnedObject): string {
  const task = objectText(detail) ?? unknownTask(createdAt)
  if (rawOf(task, 'id') !== undefined) return without(task, 'modality')
  const fields = fieldsOf(task).map(({ name, raw }) => [name, raw] as const)
  return written([['id', JSON.stringify(id)], ...fields])
}

function unknownTask(createdAt: number): string {
  const seconds = Math.floor(createdAt / 1000)
  return JSON.stringify({ ...UNKNOWN, created_at: seconds, updated_at: seconds })
}
