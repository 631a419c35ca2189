import { OPERATIONS, PARAMETER_PATTERNS, type Operation } from './catalog.ts'
import type { ReportedFailure } from './dialects.ts'
import { Extractor } from './meter-extract.ts'
import type { Found } from './meter-found.ts'
import { shapeOf, type Shape } from './meter-shape.ts'
import { failureIn, failureOfError, STATUS, type StatusSlots } from './meter-status.ts'
import { decoded, type Value } from './meter-value.ts'
import { meterOf } from './meters.ts'
import type { Usage } from './units.ts'

/** What a task makes, as a label of metrics. */
export const TASK_KINDS = ['video', 'video_template', 'video_v2', 'speech'] as const
export type TaskKind = (typeof TASK_KINDS)[number]

/** An operation whose answer is a task: what it asked for is made later. */
export interface TaskRow {
  readonly kind: TaskKind
  /** The operation that tells the task's state. */
  readonly query: string
  /** Whether the task's end says what it used; otherwise its creation decides what it costs. */
  readonly tellsUsage: boolean
}

const video2: TaskRow = { kind: 'video_v2', query: 'video.v2.query', tellsUsage: true }

/** Every operation that makes a task (video-generation, video-agent, video-generation-v2, speech-t2a-async). */
export const TASKS: Readonly<Record<string, TaskRow>> = {
  'video.create': { kind: 'video', query: 'video.query', tellsUsage: false },
  'video.template.create': { kind: 'video_template', query: 'video.template.query', tellsUsage: false },
  'video.v2.create': video2,
  'video.v2.regenerate': video2,
  'video.v2.context_ir': video2,
  'speech.async.create': { kind: 'speech', query: 'speech.async.query', tellsUsage: false },
}

/** How to ask for the state of a task. */
export interface TaskQuery {
  /** The operation's name in the catalog. */
  readonly operation: string
  readonly method: Operation['method']
  /** With its query. */
  readonly path: string
}

/**
 * @param operation the one that made the task
 * @returns undefined for an operation that makes none
 */
export function taskQueryOf(operation: string, taskId: string): TaskQuery | undefined {
  const name = TASKS[operation]?.query
  const row = OPERATIONS.find((one) => one.name === name)
  if (row === undefined) return undefined
  const id = encodeURIComponent(taskId)
  const path = row.path.includes('{') ? row.path.replace('{task_id}', id) : `${row.path}?task_id=${id}`
  return { operation: row.name, method: row.method, path }
}

/**
 * - `succeeded`, `failed`, `cancelled` (by whoever owns it), `expired` (MiniMax gave it up): it has ended.
 * - `unknown`: MiniMax does not know the task.
 * - `none`: the answer says nothing about the task: asking failed, or it cannot be read.
 */
export type TaskSight = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'unknown' | 'none'

/** What an answer says about a task. */
export interface TaskReport {
  /** Exactly as it stands in the answer. */
  readonly taskId: string | undefined
  readonly state: TaskSight
  /** What it used, where it ended well and says so. */
  readonly usage: Usage | undefined
  readonly model: string | undefined
  readonly resolution: string | undefined
  /** Why the task failed, or why asking did. */
  readonly failure: ReportedFailure | undefined
}

/**
 * The words of all surfaces, in small letters: they differ in case and in vocabulary, also between the documents and
 * the callbacks of one surface.
 */
const WORDS: ReadonlyMap<string, TaskSight> = new Map([
  ['preparing', 'running'],
  ['queueing', 'running'],
  ['queued', 'running'],
  ['processing', 'running'],
  ['running', 'running'],
  ['success', 'succeeded'],
  ['succeeded', 'succeeded'],
  ['fail', 'failed'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
  ['canceled', 'cancelled'],
  ['expired', 'expired'],
])

const flat = shapeOf({ ...STATUS, id: 'span task_id', status: 'value status' })
const wrapped = shapeOf({
  ...STATUS,
  id: 'span task.id',
  status: 'value task.status',
  reason: 'value task.error',
  reasonType: 'value task.error.type',
  reasonMessage: 'tail task.error.message',
  reasonCode: 'value task.error.code',
  reasonHttp: 'value task.error.http_code',
})

/** Where a task of the second video API says why it failed. */
const REASON: StatusSlots = {
  code: wrapped.slots.code,
  error: wrapped.slots.reason,
  errorType: wrapped.slots.reasonType,
  errorMessage: wrapped.slots.reasonMessage,
  errorCode: wrapped.slots.reasonCode,
  httpCode: wrapped.slots.reasonHttp,
}

/**
 * The operations whose answers tell a task's state. Deleting a task of the second video API cancels or forgets it, and
 * is the last that is heard of its state.
 */
const SHAPES: ReadonlyMap<string, typeof flat | typeof wrapped> = new Map([
  ['video.query', flat],
  ['video.template.query', flat],
  ['speech.async.query', flat],
  ['video.v2.query', wrapped],
  ['video.v2.delete', flat],
])

/** @returns whether an answer of the operation tells the state of a task that the other one made */
export function tellsOf(queryOperation: string, operation: string): boolean {
  const query = TASKS[operation]?.query
  return query === queryOperation || (queryOperation === 'video.v2.delete' && query === 'video.v2.query')
}

/** @returns whether answers of the operation tell the state of a task */
export function isTaskQuery(operation: string): boolean {
  return SHAPES.has(operation)
}

/** No answer about a task is larger. */
const MAX_BODY = 1024 * 1024
const QUOTE = 0x22
const INTEGER = /^[1-9]\d{0,63}$/

function read(shape: Shape, body: Buffer): Found | undefined {
  if (body.length > MAX_BODY) return undefined
  const json = new Extractor(shape)
  json.push(body, 0, body.length)
  return json.isWhole && !json.hasExcess ? json.found : undefined
}

/** The id in its own digits: they go beyond what a number holds exactly. */
function idAt(body: Buffer, found: Found, slot: number): string | undefined {
  const from = found.number(slot)
  const to = found.more[slot] ?? 0
  if (to <= from) return undefined
  if (body[from] !== QUOTE) {
    const digits = body.toString('latin1', from, to)
    return INTEGER.test(digits) ? digits : undefined
  }
  const text = decoded(body.toString('utf8', from + 1, to - 1))
  return text !== undefined && text !== '0' && PARAMETER_PATTERNS.id.test(text) ? text : undefined
}

/**
 * The id of the task that a call made.
 * @param operation the one that was called
 * @param body its whole answer
 * @returns undefined when the operation makes no tasks, or the answer names none
 */
export function taskIdOf(operation: string, body: Buffer): string | undefined {
  if (TASKS[operation] === undefined) return undefined
  const found = read(flat, body)
  return found === undefined || failureIn(found, flat.slots) !== undefined
    ? undefined
    : idAt(body, found, flat.slots.id)
}

const NONE: TaskReport = {
  taskId: undefined,
  state: 'none',
  usage: undefined,
  model: undefined,
  resolution: undefined,
  failure: undefined,
}

/** Invalid parameters. A question about a task has one: its id. */
const INVALID = 2013

/** @param failure that asking reported, beside the word or in place of it */
function sightOf(word: Value, failure: ReportedFailure | undefined): TaskSight {
  if (typeof word === 'string' && word !== '') {
    const sight = WORDS.get(word.toLowerCase()) ?? 'none'
    // The first video API gives the reason of a failed task where it says whether asking went well.
    const isContradiction = failure !== undefined && (sight === 'running' || sight === 'succeeded')
    return isContradiction ? 'none' : sight
  }
  if (failure?.outcome !== 'provider_rejected') return 'none'
  return failure.code === undefined || failure.code === INVALID ? 'unknown' : 'failed'
}

/**
 * What an answer says about a task.
 * @param queryOperation the one that was answered, see `isTaskQuery`
 * @param body the whole answer, whatever it is
 */
export function taskStateOf(queryOperation: string, body: Buffer): TaskReport {
  const shape = SHAPES.get(queryOperation)
  if (shape === undefined) return NONE
  const found = read(shape, body)
  if (found === undefined) return NONE
  const { id, status } = shape.slots
  const failure = failureIn(found, shape.slots)
  const state = sightOf(found.values[status], failure)
  const report = { ...NONE, taskId: idAt(body, found, id), state, failure }
  if (shape !== wrapped) return report
  if (state === 'succeeded') return { ...report, ...usageIn(body) }
  const reason = found.values[wrapped.slots.reason]
  if (state !== 'failed' || reason === undefined || reason === null) return report
  return { ...report, failure: failureOfError(found, REASON) }
}

/** A video that was made used something: a usage of nothing was not reported yet. */
function usageIn(body: Buffer): Pick<TaskReport, 'usage' | 'model' | 'resolution'> {
  const meter = meterOf('video.v2.query', {})
  meter.push(body)
  meter.end()
  const { usage, isComplete, isReadable, model, resolution } = meter.reading
  const isTold = usage !== null && isComplete && isReadable && Object.keys(usage).length > 0
  return {
    usage: isTold ? usage : undefined,
    model: model ?? undefined,
    resolution: resolution ?? undefined,
  }
}
