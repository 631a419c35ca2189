import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { at, textAt } from '../emulator/kit.ts'
import { MASTER_KEY, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { withoutOurs } from '../helpers/ours.ts'
import { REQUESTS, type Made } from './bodies.ts'

const JSON_OPERATIONS = OPERATIONS.filter(
  ({ body, answer }) => (body === 'json' || body === 'none') && answer !== 'bytes',
)

let gateway: TestGateway
let token: string
let made: Made

async function ask(method: string, path: string, body?: string | FormData): Promise<unknown> {
  const isForm = body instanceof FormData
  const headers: Record<string, string> = { authorization: `Bearer ${token}` }
  if (body !== undefined && !isForm) headers['content-type'] = 'application/json'
  const answer = await fetch(gateway.url + path, { method, headers, ...(body === undefined ? {} : { body }) })
  const value: unknown = await answer.json()
  expect(answer.status, JSON.stringify(value)).toBe(200)
  expect(at(value, 'base_resp.status_code') ?? 0, JSON.stringify(value)).toBe(0)
  return value
}

const post = (path: string, body: unknown): Promise<unknown> => ask('POST', path, JSON.stringify(body))

async function uploaded(purpose: string): Promise<string> {
  const form = new FormData()
  form.append('purpose', purpose)
  form.append('file', new Blob(['some bytes']), 'some.bytes')
  return String(at(await ask('POST', '/v1/files/upload', form), 'file.file_id'))
}

beforeAll(async () => {
  gateway = await startGateway({ checksBooks: true })
  token = (await gateway.token()).token
  const speech = { model: 'speech-2.8-hd', text: 'Hello', voice_setting: { voice_id: 'male-qn-qingse' } }
  const v2 = { model: 'MiniMax-H3', content: [{ type: 'text', text: 'Waves' }] }
  const template = { template_id: '1', text_inputs: [{ value: 'Waves' }] }
  const design = { prompt: 'Calm', preview_text: 'Hello' }
  made = {
    fileId: await uploaded('t2a_async_input'),
    spareFileId: await uploaded('t2a_async_input'),
    voiceFileId: await uploaded('voice_clone'),
    speechTask: String(at(await post('/v1/t2a_async_v2', speech), 'task_id')),
    videoTask: textAt(await post('/v1/video_generation', { model: 'T2V-01', prompt: 'Waves' }), 'task_id'),
    templateTask: textAt(await post('/v1/video_template_generation', template), 'task_id'),
    v2Task: textAt(await post('/v2/video_generation', v2), 'task_id'),
    spareV2Task: textAt(await post('/v2/video_generation', v2), 'task_id'),
    voiceId: textAt(await post('/v1/voice_design', design), 'voice_id'),
  }
  await post('/v1/voice_design', design)
})

afterAll(() => gateway.close())

describe('every operation that takes and gives JSON', () => {
  it('has a request in the table, and the table has no other', () => {
    expect(Object.keys(REQUESTS).toSorted()).toEqual(JSON_OPERATIONS.map(({ name }) => name).toSorted())
  })

  it.each(JSON_OPERATIONS.map((operation) => ({ ...operation })))(
    '$name goes there and back unchanged, with the master key',
    async ({ name, method, path, answeredBy }) => {
      const request = REQUESTS[name]?.(made)
      if (request === undefined) throw new Error(`${name} has no row`)
      const query = new URLSearchParams(request.query).toString()
      const target = path.replace(/\{\w+\}/, request.segment ?? '') + (query === '' ? '' : `?${query}`)
      // Spaces that a re-written body would not have.
      const body = request.body === undefined ? undefined : JSON.stringify(request.body, null, 3)
      const before = gateway.emulator.requests.length

      const answer = await ask(method, target, body)
      expect(at(answer, request.answer)).toBeDefined()

      // Of itself the gateway asks how tasks stand, e.g. what one has cost that is about to be deleted, and for the voices
      // that everybody has.
      const isOwn = (operation: string | null): boolean =>
        operation === 'voice.list' || (operation !== name && operation?.endsWith('.query') === true)
      const seen = gateway.emulator.requests.slice(before).filter(({ operation }) => !isOwn(operation))
      if (answeredBy === 'gateway') {
        expect(seen).toEqual([])
        return
      }
      expect(seen).toHaveLength(1)
      expect(seen[0]).toMatchObject({ operation: name, method, path: target })
      expect(seen[0]?.body ? withoutOurs(seen[0].body) : undefined).toBe(body)
      expect(seen[0]?.headers.authorization).toBe(`Bearer ${MASTER_KEY}`)
      expect(JSON.stringify(seen[0]?.rawHeaders)).not.toContain(token)
    },
  )
})

describe('numbers that no double holds', () => {
  it('pass as they are, in both directions', async () => {
    gateway.emulator.scenario({ match: { operation: 'chat.native', times: 1 }, use: 'big-numbers' })
    const body =
      '{"model":"abab6.5s-chat","messages":[{"role":"user","content":"Hi"}],"seed":18446744073709551615}'
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${gateway.url}/v1/text/chatcompletion_v2`, { method: 'POST', headers, body })
    expect(await answer.text()).toContain(
      '[12345678901234567,9007199254740993,18446744073709551615,0.1234567890123456789]',
    )
    expect(gateway.emulator.requests.at(-1)?.body?.toString()).toBe(body)
  })
})
