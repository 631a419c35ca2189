import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { at } from '../emulator/kit.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { foreignNames } from './matrix-attempts.ts'
import { neverLike, pairSpellings } from './matrix-spellings.ts'
import { bodyWith, fieldOf, isNested, templatesOf, WRAPPINGS, type Template } from './matrix-templates.ts'
import { furnish, personOf, type Belongings, type Person } from './matrix-users.ts'

const AT_ONCE = 16
const LIMIT_MS = 120_000
const LONGEST_MS = 3_000

let gateway: TestGateway
let anna: Person
let bert: Person
let annas: Belongings
let berts: Belongings

beforeAll(async () => {
  gateway = await startGateway()
  anna = await personOf(gateway, 'anna')
  bert = await personOf(gateway, 'bert')
  annas = await furnish(gateway, anna)
  berts = await furnish(gateway, bert)
}, LIMIT_MS)

afterAll(async () => {
  anna.close()
  bert.close()
  await gateway.close()
})

/** What came back in a session. */
interface Said {
  /** Events in order, without the greeting. */
  readonly events: readonly unknown[]
  /** All of it but what every session has of its own. */
  readonly text: string
}

/** Sends a message after the greeting. Resolves when the session ends, or with what the message is answered with. */
function say(person: Person, path: string, message: string): Promise<Said> {
  // What a session ends with has come before the connection is closed; how soon that is, another test says.
  const options = { headers: { authorization: `Bearer ${person.token}` }, closeTimeout: 20 }
  const socket = new WebSocket(gateway.url.replace('http', 'ws') + path, options)
  const messages: unknown[] = []
  let requestId = 'none'
  return new Promise((resolve, reject) => {
    socket.on('upgrade', (answer) => (requestId = String(answer.headers['x-request-id'])))
    socket.on('message', (data: Buffer) => {
      const document: unknown = JSON.parse(data.toString())
      if (at(document, 'event') === 'connected_success') socket.send(message)
      else {
        messages.push(document)
        if (at(document, 'event') === 'task_started') socket.send('{"event":"task_finish"}')
      }
    })
    socket.on('error', reject)
    // What is neither refused nor begun would stay open.
    const timer = setTimeout(() => socket.terminate(), LONGEST_MS)
    socket.on('close', (code, reason) => {
      clearTimeout(timer)
      if (code === 1006) messages.push(`no end within ${LONGEST_MS} ms`)
      const all = JSON.stringify([messages, code, reason.toString()])
      const text = all.replaceAll(requestId, '<request>').replace(/"(?:trace|session)_id":"\w*"/g, '')
      resolve({ events: messages.map((one) => at(one, 'event')), text })
    })
  })
}

interface Attempt {
  readonly label: string
  readonly path: string
  /** @returns the message that names an id */
  readonly message: (id: string) => string
  readonly foreign: string
}

function* spellings(template: Template, foreign: string): Generator<Attempt> {
  const { place, own, operation } = template
  const { path } = operation
  const field = fieldOf(place)
  for (const [how, spell] of pairSpellings(false)) {
    const message = (id: string): string => bodyWith(template, spell({ field, foreign: id, own }))
    yield { label: `${template.label} ${how}`, path, message, foreign }
  }
  if (!isNested(place)) return
  for (const [how, wrap] of Object.entries(WRAPPINGS)) {
    const message = (id: string): string =>
      bodyWith(template, `${JSON.stringify(field)}:${JSON.stringify(id)}`, wrap)
    yield { label: `${template.label} ${how}`, path, message, foreign }
  }
}

function sockets(belongings: Belongings): Template[] {
  return templatesOf(belongings).filter(({ operation }) => operation.body === 'websocket')
}

function* attempts(): Generator<Attempt> {
  const names = foreignNames(annas.objects)
  for (const template of sockets(berts)) {
    for (const { kind, text } of names) {
      if (kind === template.place.kind) yield* spellings(template, text)
      // What is of another kind stands for no voice: its plain name will do.
      else yield* [...spellings(template, text)].slice(0, 1)
    }
  }
}

const twins = new Map<string, Promise<Said>>()

async function tried({ label, path, message, foreign }: Attempt): Promise<string[]> {
  const said = await say(bert, path, message(foreign))
  if (said.events.includes('task_started') || said.text.includes('no end'))
    return [`${label} ${foreign}: ${said.text}`]
  const never = neverLike(foreign)
  const key = `${label} ${foreign.length}`
  const twin = twins.get(key) ?? say(bert, path, message(never))
  twins.set(key, twin)
  const expected = (await twin).text
  return said.text === expected ? [] : [`${label} ${foreign}: ${said.text}, of what never was: ${expected}`]
}

/** Messages that MiniMax heard. */
function heard(): string[] {
  return gateway.emulator.requests.flatMap(({ frames = [] }) => frames)
}

describe('voices of another in messages of a WebSocket', () => {
  it(
    'are answered like what never was, and MiniMax hears nothing of the message',
    async () => {
      const wrong: string[] = []
      let count = 0
      const queue = attempts()
      const work = async (): Promise<void> => {
        for (let next = queue.next(); next.done !== true && wrong.length < 20; next = queue.next()) {
          count += 1
          wrong.push(...(await tried(next.value)))
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      expect(wrong).toEqual([])
      expect(heard()).toEqual([])
      process.stdout.write(`matrix: ${count} attempts by WebSocket\n`)
      expect(count).toBeGreaterThan(1000)
    },
    LIMIT_MS,
  )

  it('are found by their owners, at every place', async () => {
    for (const template of sockets(berts)) {
      const { own, place, operation, label } = template
      const pair = `${JSON.stringify(fieldOf(place))}:${JSON.stringify(own)}`
      const before = gateway.emulator.requests.length
      const said = await say(bert, operation.path, bodyWith(template, pair))
      expect(said.events, label).toContain('task_started')
      const frames = gateway.emulator.requests.slice(before).flatMap((request) => request.frames ?? [])
      const upstream = berts.objects.find(({ name }) => name === own)?.id ?? 'no object of theirs'
      expect(frames.join(''), label).toContain(upstream)
      expect(said.text).not.toContain(upstream)
    }
  })
})
