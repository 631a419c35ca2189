import { describe, expect, it } from 'vitest'
import { OPERATIONS, type Operation } from '../../src/minimax/catalog.ts'
import { objectsOf } from '../../src/minimax/objects.ts'
import { REQUESTS, type Made } from '../clients/bodies.ts'
import { idsLike } from '../helpers/ids-like.ts'

const made: Made = {
  fileId: '1',
  spareFileId: '2',
  voiceFileId: '3',
  speechTask: '4',
  videoTask: '5',
  templateTask: '6',
  v2Task: '7',
  spareV2Task: '8',
  voiceId: 'a voice',
}

/** Parameters and fields that look like ids and name nobody's objects. */
const EXCUSED: Readonly<Record<string, string>> = {
  'models.anthropic_list query after_id': 'Names a model.',
  'models.anthropic_list query before_id': 'Names a model.',
  'video.v2.list query filter.task_ids': "The list is made of what is the caller's own.",
  'video.template.create body template_id': "Templates are MiniMax's, and everybody's.",
}

/** Every place of an operation's requests that looks as if an id stood there. */
function placesOf({ name, path, query }: Operation): string[] {
  const body = REQUESTS[name]?.(made).body ?? {}
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)]
      .map(([, word]) => `path ${word ?? ''}`)
      .filter((one) => one !== 'path model'),
    ...idsLike(Object.fromEntries(Object.keys(query).map((one) => [one, '1']))).map((at) => `query ${at}`),
    ...idsLike(body).map((at) => `body ${at}`),
  ]
}

function declaredFor(operation: string): Set<string> {
  const { uses, makes } = objectsOf(operation)
  return new Set([
    ...uses.map((place) => `${place.in} ${place.at}`),
    ...makes.filter((one) => one.in === 'request').map(({ at }) => `body ${at}`),
  ])
}

describe('places of requests that look like ids are declared', () => {
  it.each(OPERATIONS.map((operation) => ({ ...operation })))('of $name', (operation) => {
    const declared = declaredFor(operation.name)
    const undeclared = placesOf(operation).filter(
      (place) => !declared.has(place) && EXCUSED[`${operation.name} ${place}`] === undefined,
    )
    expect(undeclared).toEqual([])
  })

  it('and no excuse is idle', () => {
    const all = OPERATIONS.flatMap((operation) =>
      placesOf(operation).map((place) => `${operation.name} ${place}`),
    )
    expect(Object.keys(EXCUSED).filter((one) => !all.includes(one))).toEqual([])
  })
})
