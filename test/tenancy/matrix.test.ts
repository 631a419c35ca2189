import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RecordedRequest } from '../../emulator/types.ts'
import { OBJECT_KINDS, objectsOf } from '../../src/minimax/objects.ts'
import { reconcileGateway } from '../helpers/books.ts'
import { MASTER_KEY, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { atPlaces, byMethods, byReference, foreignNames, type Attempt } from './matrix-attempts.ts'
import { askedOwn, templatesOf, type Template } from './matrix-templates.ts'
import { AT_ONCE, furnish, isSuccess, objectsOfUser, Person, personOf } from './matrix-users.ts'
import type { Answer, Belongings } from './matrix-users.ts'

const LEAST = 10_000
const LIMIT_MS = 180_000

let gateway: TestGateway
let anna: Person
let bert: Person
let annas: Belongings
let berts: Belongings
let attempts = 0
const twins = new Map<string, Promise<Answer>>()

beforeAll(async () => {
  gateway = await startGateway()
  anna = await personOf(gateway, 'anna')
  bert = await personOf(gateway, 'bert')
  annas = await furnish(gateway, anna)
  berts = await furnish(gateway, bert)
  // All is on the books: from here on the gateway asks of itself about no task any more.
  await reconcileGateway(gateway)
}, LIMIT_MS)

afterAll(async () => {
  anna.close()
  bert.close()
  await gateway.close()
})

/** What MiniMax would have seen since, but for the gateway's own question for the voices that everybody has. */
function seenSince(count: number): readonly RecordedRequest[] {
  return gateway.emulator.requests.slice(count).filter(({ operation }) => operation !== 'voice.list')
}

function twinOf({ key, asked }: NonNullable<Attempt['twin']>): Promise<Answer> {
  const known = twins.get(key) ?? bert.send(asked)
  twins.set(key, known)
  return known
}

/** @returns what is wrong about how an attempt was answered; '' for nothing */
async function tried({ label, asked, twin }: Attempt): Promise<string> {
  attempts += 1
  const answer = await bert.send(asked)
  if (twin === null) return ''
  if (answer.status < 400 || answer.status >= 500) return `${label}: ${answer.status} ${answer.text}`
  const never = await twinOf(twin)
  const isSame = never.head === answer.head && never.text === answer.text
  return isSame ? '' : `${label}: ${answer.text}, of one that never was: ${never.text}`
}

/** Makes attempts, many at a time. @returns what went wrong, at the most a few of it */
async function tryAll(all: Iterable<Attempt>): Promise<string[]> {
  const wrong: string[] = []
  const queue = all[Symbol.iterator]()
  const work = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && wrong.length < 20; next = queue.next()) {
      const problem = await tried(next.value)
      if (problem !== '') wrong.push(problem)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return wrong
}

function* withTwin(all: Iterable<Attempt>, isWanted: boolean): Generator<Attempt> {
  for (const one of all) if ((one.twin !== null) === isWanted) yield one
}

const told = ({ method, path, body }: RecordedRequest): string =>
  `${method} ${path} ${body?.toString() ?? ''}`

describe("another user's objects", () => {
  it('are there, of every kind', () => {
    const kinds = new Set(annas.objects.map(({ kind }) => kind))
    expect([...kinds].toSorted()).toEqual([...OBJECT_KINDS].toSorted())
    const own = new Set(berts.objects.map(({ id }) => id))
    expect(annas.objects.filter(({ id }) => own.has(id))).toEqual([])
  })

  it.each([
    ['at every place of every operation', () => withTwin(atPlaces(berts, annas.objects), true)],
    ['as references to files, anywhere in JSON', () => byReference(berts, annas.objects)],
    ['with every method', () => byMethods(berts, annas.objects)],
  ])(
    'cannot be named %s: the answer is that for what never was, and MiniMax hears nothing',
    async (_, all) => {
      const before = gateway.emulator.requests.length
      expect(await tryAll(all())).toEqual([])
      expect(seenSince(before).slice(0, 20).map(told)).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'do not go upstream in parameters that are left out',
    async () => {
      const before = gateway.emulator.requests.length
      expect(await tryAll(withTwin(atPlaces(berts, annas.objects), false))).toEqual([])
      const names = foreignNames(annas.objects).map(({ text }) => text)
      const naming = seenSince(before).filter((one) => names.some((name) => told(one).includes(name)))
      expect(seenSince(before).length).toBeGreaterThan(0)
      expect(naming.map(told)).toEqual([])
    },
    LIMIT_MS,
  )

  it("would be anybody's by MiniMax itself, which checks nothing", async () => {
    const direct = new Person('operator', MASTER_KEY, gateway.emulator.url)
    const all = controls(annas).filter(
      ({ operation, place }) => place.kind !== 'voice' && !objectsOf(operation.name).deletes,
    )
    for (const [count, template] of all.entries()) {
      const answer = await direct.send(askedOwn(asNew(template, count + 100)))
      expect(isSuccess(answer), `${template.label}: ${answer.text}`).toBe(true)
    }
    direct.close()
    expect(all.length).toBeGreaterThan(5)
  })

  it(`were tried at ${LEAST} times and more`, () => {
    process.stdout.write(`matrix: ${attempts} attempts\n`)
    expect(attempts).toBeGreaterThanOrEqual(LEAST)
  })

  it('are all there still, and work for their owner', async () => {
    expect(await objectsOfUser(gateway, 'anna')).toEqual(annas.objects)
    expect(await objectsOfUser(gateway, 'bert')).toEqual(berts.objects)
  })
})

/** What goes with an own id: deletions last, since others name the same objects. */
function controls(belongings: Belongings): Template[] {
  const all = templatesOf(belongings).filter(({ operation }) => operation.body !== 'websocket')
  const deletes = ({ operation }: Template): boolean => objectsOf(operation.name).deletes
  return [...all.filter((one) => !deletes(one)), ...all.filter(deletes)]
}

/** A clone wants a new name each time. */
function asNew(template: Template, count: number): Template {
  const { request, operation } = template
  const makesVoice = objectsOf(operation.name).makes.some(({ in: where }) => where === 'request')
  if (!makesVoice) return template
  return {
    ...template,
    request: { ...request, body: { ...request.body, voice_id: `ControlVoice${count}x` } },
  }
}

describe('own objects', () => {
  it.each(['anna', 'bert'])('of %s can be named at every place, and MiniMax hears of them', async (name) => {
    const [person, belongings] = name === 'anna' ? [anna, annas] : [bert, berts]
    const upstream = new Map(belongings.objects.map((object) => [object.name, object.id]))
    for (const [count, template] of controls(belongings).entries()) {
      const before = gateway.emulator.requests.length
      const answer = await person.send(askedOwn(asNew(template, count)))
      expect(isSuccess(answer), `${template.label}: ${answer.status} ${answer.text}`).toBe(true)
      const seen = seenSince(before).filter(({ operation }) => operation === template.operation.name)
      expect(seen, template.label).toHaveLength(1)
      const id = upstream.get(template.own) ?? 'no object of theirs'
      expect(seen.map(told).join(''), template.label).toContain(id)
    }
  })
})
