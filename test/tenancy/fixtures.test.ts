import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { OPERATIONS, type Operation } from '../../src/minimax/catalog.ts'
import { OBJECT_OPERATIONS, objectsOf } from '../../src/minimax/objects.ts'
import { REQUESTS, type Made, type Request } from '../clients/bodies.ts'
import { formFor } from '../helpers/calls.ts'
import { isRecord, MASTER_KEY, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { idsLike } from '../helpers/ids-like.ts'
import { EXCUSES, excuseOf } from './fixtures-excuses.ts'
import { areThere, documentsIn, fixtures, undeclaredIn } from './fixtures-kit.ts'
import { furnish, Person, personOf } from './matrix-users.ts'

// eslint-disable-next-line no-console -- the comparison must not vanish in silence
if (!areThere) console.warn('NO COMPARISON with recorded answers: no folder (MINIMAX_FIXTURES)')

let gateway: TestGateway
let made: Made
/** Somebody with the operator's key, at MiniMax itself. */
let operator: Person

beforeAll(async () => {
  gateway = await startGateway()
  const person = await personOf(gateway, 'anna')
  const { objects, ...belongings } = await furnish(gateway, person)
  person.close()
  const voiceId = objects.find(({ name }) => name === belongings.made.voiceId)?.id ?? ''
  made = { ...belongings.made, voiceId }
  operator = new Person('operator', MASTER_KEY, gateway.emulator.url)
})

afterAll(async () => {
  operator.close()
  await gateway.close()
})

async function sendForm({ path }: Operation): Promise<string> {
  const headers = { authorization: `Bearer ${MASTER_KEY}` }
  const answer = await fetch(gateway.emulator.url + path, { method: 'POST', headers, body: formFor() })
  return answer.text()
}

/** The messages of a session. */
async function speak({ path }: Operation): Promise<string> {
  const socket = new WebSocket(gateway.emulator.url.replace('http', 'ws') + path, {
    headers: { authorization: `Bearer ${MASTER_KEY}` },
  })
  const lines: string[] = []
  const say = (message: object): void => socket.send(JSON.stringify(message))
  socket.on('message', (data: Buffer) => {
    const line = data.toString()
    lines.push(line)
    if (line.includes('connected_success'))
      say({ event: 'task_start', model: 'speech-2.8-hd', voice_setting: { voice_id: 'male-qn-qingse' } })
    if (line.includes('task_started')) say({ event: 'task_continue', text: 'Hello' })
    if (line.includes('"is_final":true')) say({ event: 'task_finish' })
  })
  await once(socket, 'close')
  return lines.join('\n')
}

/** What an operation answers, as text: as a document and, where it can, as a stream. */
async function answersOf(operation: Operation): Promise<string[]> {
  const { name, method, path, answer } = operation
  if (operation.body === 'websocket') return [await speak(operation)]
  if (operation.body === 'multipart') return [await sendForm(operation)]
  const request = REQUESTS[name]?.(made)
  if (request === undefined) return []
  const query = new URLSearchParams(request.query).toString()
  const target = path.replace(/\{\w+\}/, request.segment ?? '') + (query === '' ? '' : `?${query}`)
  const bodies: (Request['body'] | undefined)[] = [request.body]
  if (answer === 'stream' && request.body !== undefined) bodies.push({ ...request.body, stream: true })
  const texts: string[] = []
  for (const body of bodies) {
    const sent = await operator.send({ method, path: target, body: body && JSON.stringify(body) })
    expect(sent.status, `${name}: ${sent.text}`).toBe(200)
    texts.push(sent.text)
  }
  return texts
}

const OFFERED = OPERATIONS.map((operation) => ({ ...operation }))

describe('fields of answers that look like ids are declared, or excused with a reason', () => {
  it.each(OFFERED)('in what the emulator answers to $name', async (operation) => {
    const texts = await answersOf(operation)
    // A file alone is no document.
    if (operation.answer !== 'bytes') expect(texts.length).toBeGreaterThan(0)
    for (const document of texts.flatMap(documentsIn))
      expect(undeclaredIn(operation.name, document)).toEqual([])
  })

  // Frames of a client are no answers.
  const recorded = areThere ? fixtures().filter(({ file }) => !file.includes('client_frames')) : []

  it.runIf(areThere).each(recorded)('in $file', ({ operation, documents }) => {
    for (const document of documents) expect(undeclaredIn(operation, document)).toEqual([])
  })

  it.runIf(areThere)('and most recorded answers belong to an operation', () => {
    const named = recorded.filter(({ operation }) => operation !== '')
    expect(named.length).toBeGreaterThan(70)
    const unnamed = recorded.filter(({ operation }) => operation === '').map(({ file }) => file)
    for (const file of unnamed) expect(file).toMatch(/^errors\/|challenge|subtitle|^headers/)
  })

  it.runIf(areThere)('and no excuse is idle', () => {
    const idle = EXCUSES.filter((excuse) =>
      recorded.every(({ operation, documents }) =>
        documents.every((document) =>
          idsLike(document).every((path) => excuseOf(operation, path) !== excuse),
        ),
      ),
    )
    expect(idle.map(({ paths }) => paths.source)).toEqual([])
  })

  it('and no excuse hides a place at which objects stand', () => {
    for (const operation of OBJECT_OPERATIONS) {
      const { makes, echoes } = objectsOf(operation)
      for (const path of [...makes.filter((one) => one.in === 'answer').map(({ at }) => at), ...echoes])
        expect(excuseOf(operation, path), `${operation} ${path}`).toBeUndefined()
    }
  })
})

/** Adds a field to every object in a document. */
function mutated(value: unknown, field: string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => mutated(item, field))
  if (!isRecord(value)) return value
  const inner = Object.entries(value).map(([name, item]) => [name, mutated(item, field)])
  return { ...Object.fromEntries(inner), [field]: '1234' }
}

describe('a field that nobody declared', () => {
  it.each(['asset_id', 'clip_ids', 'remixId', 'delete_token'])(
    'is found in any answer: %s',
    async (field) => {
      for (const operation of OPERATIONS) {
        const name = `${operation.name} ${field}`
        expect(undeclaredIn(operation.name, { [field]: '1' }), name).toEqual([field])
        const nested = mutated({ data: { items: [{ x: 1 }] } }, field)
        expect(undeclaredIn(operation.name, nested), name).toEqual([
          `data.items[].${field}`,
          `data.${field}`,
          field,
        ])
      }
    },
  )

  it.runIf(areThere)('is found in every recorded answer, wherever it is put', () => {
    for (const { file, operation, documents } of fixtures())
      for (const document of documents) {
        if (!isRecord(document)) continue
        expect(undeclaredIn(operation, mutated(document, 'asset_id')), file).toContain('asset_id')
      }
  })

  it('is found where another operation declares the same name', () => {
    expect(undeclaredIn('files.upload', { file: { file_id: 1 } })).toEqual([])
    expect(undeclaredIn('files.upload', { file_id: 1 })).toEqual(['file_id'])
    expect(undeclaredIn('image.create', { task_id: '1', file_id: 1 })).toEqual(['task_id', 'file_id'])
    expect(undeclaredIn('video.create', { task_id: '1', file_id: 1 })).toEqual(['file_id'])
  })
})
