import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { post } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { startUpstream, type TestUpstream } from '../helpers/upstream.ts'

const PUBLIC_URL = 'https://gateway.example.com'
const HOOK = 'https://hooks.example.com/minimax'
const VIDEO = { model: 'MiniMax-Hailuo-2.3', prompt: 'A fox', duration: 6, resolution: '768P' }

let upstream: TestUpstream
let gateway: TestGateway
const bodies: string[] = []

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  bodies.length = 0
  upstream = await startUpstream((_request, response, body) => {
    bodies.push(body.toString())
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"task_id":"106916112212032","base_resp":{"status_code":0,"status_msg":"success"}}')
  })
  gateway = await startGateway({ upstreamUrl: upstream.url, env })
}

async function create(callbackUrl: unknown): Promise<Response> {
  const { token } = await gateway.token()
  return await post(gateway.url, token, '/v1/video_generation', { ...VIDEO, callback_url: callbackUrl })
}

async function call(path: string, body: unknown): Promise<[number, unknown]> {
  const answer = await fetch(gateway.url + path, { method: 'POST', body: JSON.stringify(body) })
  return [answer.status, await answer.json()]
}

afterEach(async () => {
  await gateway.close()
  await upstream[Symbol.asyncDispose]()
})

describe('a callback_url that is not allowed', () => {
  beforeEach(() => start({}))

  it('is refused, and nothing goes upstream', async () => {
    const answer = await create(HOOK)
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('callback_url')])
    expect(bodies).toEqual([])
  })
})

describe('a callback_url that is allowed', () => {
  beforeEach(() => start({ CALLBACK_URLS: 'allow' }))

  it('goes upstream as it is', async () => {
    expect((await create(HOOK)).status).toBe(200)
    expect(bodies[0]).toContain(`"callback_url":"${HOOK}"`)
  })

  it.each([
    'http://hooks.example.com/',
    'https://169.254.169.254/',
    'https://localhost/',
    7,
    { url: 'https://a.example.com' },
  ])('must lead to a public host: %j', async (url) => {
    expect((await create(url)).status).toBe(400)
    expect(bodies).toEqual([])
  })
})

describe('a callback_url that is relayed', () => {
  beforeEach(() => start({ CALLBACK_URLS: 'relay', PUBLIC_URL }))

  const pathOf = (): string => {
    const url = /"callback_url":"([^"]+)"/.exec(bodies[0] ?? '')?.[1] ?? ''
    expect(url.startsWith(`${PUBLIC_URL}/callbacks/`)).toBe(true)
    return url.slice(PUBLIC_URL.length)
  }

  it('is hidden from MiniMax, whose challenge is answered', async () => {
    expect((await create(HOOK)).status).toBe(200)
    expect(bodies[0]).not.toContain('hooks.example.com')
    expect(await call(pathOf(), { challenge: 'x-1' })).toEqual([200, { challenge: 'x-1' }])
  })

  it('settles the task when MiniMax calls, and takes no word about another one', async () => {
    await create(HOOK)
    const path = pathOf()
    const other = { task_id: '106916112212033', status: 'success', file_id: '1' }
    expect((await call(path, other))[0]).toBe(404)
    expect((await call(`/callbacks/${'A'.repeat(43)}`, other))[0]).toBe(404)
    const body = { task_id: '106916112212032', status: 'success', file_id: '205258526306433' }
    expect((await call(path, body))[0]).toBe(200)
    // Of the file the user hears by this body alone, and can use it at once.
    expect(await gateway.admin('GET', '/admin/v1/objects?user=user-1&kind=file')).toMatchObject({
      items: [{ id: '205258526306433' }],
    })
    await expect
      .poll(async () => await gateway.admin('GET', '/admin/v1/requests'))
      .toMatchObject({
        items: [{ operation: 'video.create', state: 'settled', outcome: 'ok', usage: { videos: 1 } }],
      })
  })

  it('is signed with a secret that the operator can read, one per user', async () => {
    await gateway.token()
    await gateway.token({}, 'user-2')
    const secretOf = async (user: string): Promise<unknown> =>
      (await gateway.admin('GET', `/admin/v1/users/${user}/callback-secret`)).secret
    const secret = await secretOf('user-1')
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(await secretOf('user-1')).toBe(secret)
    expect(await secretOf('user-2')).not.toBe(secret)
  })
})
