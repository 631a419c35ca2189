import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { objectsOf, type ObjectKind } from '../../src/minimax/objects.ts'
import { REQUESTS } from '../clients/bodies.ts'
import { referenceSpellings, referencePlaces } from './matrix-references.ts'
import {
  droppedSpellings,
  neverLike,
  pairSpellings,
  pathSpellings,
  querySpellings,
  type Naming,
} from './matrix-spellings.ts'
import {
  askedByPath,
  askedByQuery,
  askedWith,
  fieldOf,
  isNested,
  templatesOf,
  WRAPPINGS,
  type Template,
} from './matrix-templates.ts'
import type { Asked, Belonging, Belongings } from './matrix-users.ts'

/** A request that names what is another's. */
export interface Attempt {
  readonly label: string
  readonly asked: Asked
  /** The same with an id that nobody ever had; null: the call goes on without the id. */
  readonly twin: { readonly key: string; readonly asked: Asked } | null
}

/** A name that another user's object goes by. */
interface Foreign {
  readonly kind: ObjectKind
  readonly text: string
  /** By the name of MiniMax's, where the user has another. */
  readonly isUpstream: boolean
}

/** Every name of every object: a voice has the user's own and MiniMax's. */
export function foreignNames(objects: readonly Belonging[]): Foreign[] {
  return objects.flatMap(({ kind, name, id }) => [
    { kind, text: name, isUpstream: false },
    ...(id === name ? [] : [{ kind, text: id, isUpstream: true }]),
  ])
}

const DIGITS = /^[1-9]\d*$/

type Build = (foreign: string) => Asked

function attempt(label: string, { kind, text, isUpstream }: Foreign, build: Build): Attempt {
  const never = neverLike(text)
  return {
    label: `${label}: ${kind} ${text}`,
    asked: build(text),
    twin: { key: `${label} ${kind} ${String(isUpstream)} ${text.length}`, asked: build(never) },
  }
}

function* inBodies(template: Template, foreign: Foreign): Generator<Attempt> {
  const { place, own, label } = template
  const field = fieldOf(place)
  const naming = (text: string): Naming => ({ field, foreign: text, own })
  for (const [how, spell] of pairSpellings(DIGITS.test(foreign.text)))
    yield attempt(`${label} ${how}`, foreign, (text) => askedWith(template, spell(naming(text))))
  if (!isNested(place)) return
  for (const [how, wrap] of Object.entries(WRAPPINGS))
    yield attempt(`${label} ${how}`, foreign, (text) =>
      askedWith(template, `${JSON.stringify(field)}:${JSON.stringify(text)}`, wrap),
    )
}

function* inQueries(template: Template, foreign: Foreign): Generator<Attempt> {
  const { place, own, label } = template
  const build =
    (spell: (naming: Naming) => string): Build =>
    (text) =>
      askedByQuery(template, spell({ field: place.at, foreign: text, own }))
  for (const [how, spell] of querySpellings) yield attempt(`${label} ${how}`, foreign, build(spell))
  for (const [how, spell] of droppedSpellings)
    yield { label: `${label} ${how}: ${foreign.text}`, asked: build(spell)(foreign.text), twin: null }
}

function* inPaths(template: Template, foreign: Foreign): Generator<Attempt> {
  for (const [how, spell] of pathSpellings)
    yield attempt(`${template.label} ${how}`, foreign, (text) =>
      askedByPath(template, spell({ field: '', foreign: text, own: template.own })),
    )
}

/** Every operation that names objects, at every place, for every object of another. WebSockets are asked otherwise. */
export function* atPlaces(own: Belongings, others: readonly Belonging[]): Generator<Attempt> {
  const names = foreignNames(others)
  for (const template of templatesOf(own)) {
    if (template.operation.body === 'websocket') continue
    for (const foreign of names) {
      if (template.place.in === 'body') yield* inBodies(template, foreign)
      else if (template.place.in === 'query') yield* inQueries(template, foreign)
      else yield* inPaths(template, foreign)
    }
  }
}

/** References to files of another, in every operation that takes JSON. */
export function* byReference({ made }: Belongings, others: readonly Belonging[]): Generator<Attempt> {
  const files = foreignNames(others).filter(({ kind }) => kind === 'file')
  for (const { name, method, path, body, answeredBy } of OPERATIONS) {
    const request = REQUESTS[name]?.(made)
    // A list is made of what is the caller's own, whatever else the request says.
    if (body !== 'json' || answeredBy === 'gateway' || request?.body === undefined) continue
    for (const [where, put] of Object.entries(referencePlaces))
      for (const [index, [how, spell]] of Object.entries(referenceSpellings).entries()) {
        const file = files[index % files.length]
        if (file === undefined) throw new Error('there is no file to refer to')
        yield attempt(`${name} ${where} ${how}`, file, (text) => ({
          method,
          path,
          body: put(JSON.stringify(request.body), spell(text)),
        }))
      }
  }
}

const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD'] as const

/** Every method, on every path that objects are named at, with the id in all of path, query and body. */
export function* byMethods(own: Belongings, others: readonly Belonging[]): Generator<Attempt> {
  const names = foreignNames(others)
  for (const template of templatesOf(own)) {
    const { operation, place, label } = template
    const takes = OPERATIONS.filter(({ path }) => path === operation.path)
    if (operation.body === 'websocket' || takes.some(({ name }) => objectsOf(name).uses.length === 0))
      continue
    for (const method of METHODS)
      for (const foreign of names)
        yield attempt(`${method} ${label}`, foreign, (text) => {
          const path = operation.path.replace(/\{\w+\}/, encodeURIComponent(text))
          const query = place.in === 'query' ? `?${place.at}=${encodeURIComponent(text)}` : ''
          const pair = `${JSON.stringify(fieldOf(place))}:${JSON.stringify(text)}`
          const hasBody = place.in === 'body' && method !== 'HEAD' && method !== 'GET'
          return { method, path: path + query, body: hasBody ? askedWith(template, pair).body : undefined }
        })
  }
}
