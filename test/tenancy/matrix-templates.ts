import { OPERATIONS, type Operation } from '../../src/minimax/catalog.ts'
import { objectsOf, type IdPlace } from '../../src/minimax/objects.ts'
import { REQUESTS, type Request } from '../clients/bodies.ts'
import { isRecord } from '../helpers/gateway.ts'
import type { Asked, Belongings } from './matrix-users.ts'

/** An operation, a place of its request where an id may stand, and a request with an own id there. */
export interface Template {
  readonly operation: Operation
  readonly place: IdPlace
  /** `operation place`, for messages. */
  readonly label: string
  /** The own id or name that belongs there. */
  readonly own: string
  readonly request: Request
}

/** A step towards a field: `timbre_weights[]` leads into the elements of a list. */
interface Step {
  readonly name: string
  readonly isList: boolean
}

const WORDS: Request = { answer: '' }

/** What an operation is asked with that takes no JSON over HTTP. */
function plainRequest({ body }: Operation): Request {
  if (body !== 'websocket') return WORDS
  const voice_setting = { voice_id: 'male-qn-qingse' }
  return { body: { event: 'task_start', model: 'speech-2.8-hd', voice_setting }, answer: '' }
}

function stepsOf(at: string): Step[] {
  return at.split('.').map((word) => ({ name: word.replace('[]', ''), isList: word.endsWith('[]') }))
}

/** What a request of the table names at a place; '' where that is nothing. */
function namedAt(request: Request, { in: where, at }: IdPlace): string {
  if (where === 'path') return request.segment ?? ''
  if (where === 'query') return request.query?.[at] ?? ''
  const value: unknown = request.body?.[at]
  return typeof value === 'string' || typeof value === 'number' ? value.toString() : ''
}

/** One for each operation and place of the catalog, with what a user has. */
export function templatesOf({ made, own }: Belongings): Template[] {
  return OPERATIONS.flatMap((operation) => {
    const { name, body } = operation
    const request = REQUESTS[name]?.(made) ?? plainRequest(operation)
    if (body === 'json' && request.body === undefined) throw new Error(`bodies.ts has no body for ${name}`)
    return objectsOf(name).uses.map((place) => ({
      operation,
      place,
      label: `${name} ${place.in} ${place.at}`,
      own: namedAt(request, place) || own[place.kind],
      request,
    }))
  })
}

type Wrapping = (step: Step, inner: string) => string

const asDeclared: Wrapping = ({ name, isList }, inner) =>
  `${JSON.stringify(name)}:${isList ? `[${inner}]` : inner}`

/** Other ways to write what holds the field, which a tolerant reader might take. */
export const WRAPPINGS: Readonly<Record<string, Wrapping>> = {
  'in a holder in upper case': ({ name, isList }, inner) =>
    `${JSON.stringify(name.toUpperCase())}:${isList ? `[${inner}]` : inner}`,
  'in an escaped holder': ({ name, isList }, inner) =>
    `"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}":${isList ? `[${inner}]` : inner}`,
  'in a list too many or too few': ({ name, isList }, inner) =>
    `${JSON.stringify(name)}:${isList ? inner : `[${inner}]`}`,
  'in two lists': ({ name }, inner) => `${JSON.stringify(name)}:[[${inner}]]`,
  'in the second holder': ({ name, isList }, inner) =>
    `${JSON.stringify(name)}:${isList ? '[]' : '{}'},${JSON.stringify(name)}:${isList ? `[${inner}]` : inner}`,
  'in the first holder': ({ name, isList }, inner) =>
    `${JSON.stringify(name)}:${isList ? `[${inner}]` : inner},${JSON.stringify(name)}:${isList ? '[]' : '{}'}`,
  'in JSON in a string': ({ name }, inner) => `${JSON.stringify(name)}:${JSON.stringify(inner)}`,
  'in a later element': ({ name }, inner) => `${JSON.stringify(name)}:[{},${inner}]`,
}

/** Whether another wrapping makes a difference at a place. */
export function isNested({ in: where, at }: IdPlace): boolean {
  return where === 'body' && stepsOf(at).length > 1
}

/** The name of the field or parameter at a place. */
export function fieldOf({ at }: IdPlace): string {
  return stepsOf(at).at(-1)?.name ?? at
}

function objectText(base: unknown, steps: readonly Step[], pair: string, wrap: Wrapping): string {
  const [step, ...rest] = steps
  if (step === undefined) throw new Error('a place has no field')
  const fields = isRecord(base) ? base : {}
  const others = Object.entries(fields)
    .filter(([name]) => name !== step.name)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  if (rest.length === 0) return `{${[...others, pair].join(',')}}`
  return `{${[...others, wrap(step, objectText(fields[step.name], rest, pair, wrap))].join(',')}}`
}

/** The JSON of a template's request in which a pair of a name and a value, as text, stands at its place. */
export function bodyWith({ request, place }: Template, pair: string, wrap: Wrapping = asDeclared): string {
  return objectText(request.body, stepsOf(place.at), pair, wrap)
}

function pathOf({ operation, request }: Template): string {
  const query = new URLSearchParams(request.query).toString()
  return operation.path.replace(/\{\w+\}/, request.segment ?? '') + (query === '' ? '' : `?${query}`)
}

/** A template's request with a pair in its body. */
export function askedWith(template: Template, pair: string, wrap?: Wrapping): Asked {
  const body = bodyWith(template, pair, wrap)
  return { method: template.operation.method, path: pathOf(template), body }
}

/** A template's request with its own id, which must succeed. */
export function askedOwn(template: Template): Asked {
  const { operation, place, own, request } = template
  const { method } = operation
  if (place.in === 'body')
    return askedWith(template, `${JSON.stringify(fieldOf(place))}:${JSON.stringify(own)}`)
  const query = place.in === 'query' ? { ...request.query, [place.at]: own } : request.query
  const segment = place.in === 'path' ? own : request.segment
  const filled = {
    ...template,
    request: { ...request, ...(query && { query }), ...(segment && { segment }) },
  }
  return { method, path: pathOf(filled) }
}

/** A template's request with another query. */
export function askedByQuery({ operation, request }: Template, query: string): Asked {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body)
  return { method: operation.method, path: `${operation.path}?${query}`, body }
}

/** A template's request with another last segment. */
export function askedByPath({ operation }: Template, segment: string): Asked {
  return { method: operation.method, path: operation.path.replace(/\{\w+\}/, segment) }
}
