import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'

/** The task's id exactly as an answer writes it. */
function idIn(text: string): string {
  const id = /"(?:task_id|id)":\s*"?(\d+)/.exec(text)?.[1]
  if (id === undefined) throw new Error(`no task in ${text}`)
  return id
}

const H3 = { model: 'MiniMax-H3', content: [{ type: 'text', text: 'a cat' }], resolution: '2K', duration: 5 }
const HAILUO = { model: 'MiniMax-Hailuo-02', prompt: 'a cat' }
const SPEECH = { model: 'speech-2.8-hd', text: 'hello', voice_setting: { voice_id: 'male-qn-qingse' } }

type Way = readonly [operation: string, path: string, body: object, query: string, usage: object]

describe('a task that is made through the gateway', () => {
  let gateway: TestGateway
  let token: string
  beforeAll(async () => {
    gateway = await startGateway({ checksBooks: true })
    ;({ token } = await gateway.token())
  })
  afterAll(() => gateway.close())

  async function call(method: string, path: string, body?: object): Promise<string> {
    const answer = await fetch(`${gateway.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return answer.text()
  }

  /** The newest call of an operation, as the operator sees it. */
  async function row(operation: string): Promise<unknown> {
    const { items } = await gateway.admin('GET', `/admin/v1/requests?operation=${operation}&limit=1`)
    return Array.isArray(items) ? items[0] : undefined
  }

  const WAYS: readonly Way[] = [
    ['video.create', '/v1/video_generation', HAILUO, '/v1/query/video_generation?task_id=', { videos: 1 }],
    ['video.v2.create', '/v2/video_generation', H3, '/v2/query/video_generation/', { video_seconds: 5 }],
    [
      'speech.async.create',
      '/v1/t2a_async_v2',
      SPEECH,
      '/v1/query/t2a_async_query_v2?task_id=',
      { characters: 5 },
    ],
  ]

  it.each(WAYS)(
    'by %s is on the books as pending, and settled by its end',
    async (operation, path, body, query, usage) => {
      gateway.emulator.scenario({ match: { times: 1 }, use: 'big-ids' })
      const id = idIn(await call('POST', path, body))
      expect(Number.isSafeInteger(Number(id))).toBe(false)
      expect(await row(operation)).toMatchObject({ state: 'pending', usage: {}, charged: '0' })
      await call('GET', `${query}${id}`)
      await expect.poll(() => row(operation)).toMatchObject({ state: 'settled', outcome: 'ok', usage })
      expect(await row(operation)).not.toMatchObject({ charged: '0' })
    },
  )

  it.each(WAYS)('by %s costs nothing when it fails', async (operation, path, body, query) => {
    gateway.emulator.scenario({ match: { times: 1 }, use: 'task-fail:1027' })
    const id = idIn(await call('POST', path, body))
    await call('GET', `${query}${id}`)
    const end = { state: 'settled', outcome: 'provider_rejected', usage: {}, charged: '0' }
    await expect.poll(() => row(operation)).toMatchObject(end)
  })
})
