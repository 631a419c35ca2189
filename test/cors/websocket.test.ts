import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { requestText, sendRaw, until, UPGRADE, type WireAnswer } from '../helpers/wire.ts'

const PAGE = 'https://app.example.com'
const BOUND = 'https://bound.example.com'
const PATH = '/ws/v1/t2a_v2'

let gateway: TestGateway
let token: string
let bound: string

beforeAll(async () => {
  gateway = await startGateway({ env: { CORS_ORIGINS: PAGE } })
  token = (await gateway.token()).token
  bound = (await gateway.token({ origins: [BOUND] })).token
})

afterEach(() => gateway.emulator.reset())

afterAll(() => gateway.close())

function handshake(credential: string, headers: readonly string[]): Promise<WireAnswer> {
  const all = [...UPGRADE, `Sec-WebSocket-Protocol: mmg.token.${credential}`, ...headers]
  return sendRaw(gateway.url, requestText(`GET ${PATH}`, all))
}

/** Holds a session as a page does. @returns the first event */
function greeted(origin: string, credential: string): Promise<string> {
  const socket = new WebSocket(gateway.url.replace('http', 'ws') + PATH, [`mmg.token.${credential}`], {
    origin,
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('message', (data: Buffer) => {
      socket.close()
      resolve(data.toString())
    })
  })
}

const refused = (): number =>
  requestLines(gateway).filter(({ outcome }) => outcome === 'caller_forbidden').length

describe('a WebSocket of a page', () => {
  it.each([
    ['of the setting', PAGE, () => token],
    ['that its token names', BOUND, () => bound],
  ])('is let in from an origin %s, by a token in its subprotocol', async (_what, origin, credential) => {
    expect(await greeted(origin, credential())).toContain('connected_success')
  })

  it.each([
    ['a foreign origin', () => token, ['Origin: https://evil.example']],
    ['no document', () => token, ['Origin: null']],
    ['an origin in capitals', () => token, ['Origin: https://APP.example.com']],
    ['two origins', () => token, [`Origin: ${PAGE}`, `Origin: ${PAGE}`]],
    ['a known origin that is not that of the token', () => bound, [`Origin: ${PAGE}`]],
    ['no page at all, though the token names origins', () => bound, []],
  ])('is refused from %s, before upstream hears of it', async (_what, credential, headers) => {
    const before = refused()
    const answer = await handshake(credential(), headers)
    expect(answer.status).toBe(403)
    expect(answer.headers.get('sec-websocket-accept')).toBeUndefined()
    expect(gateway.emulator.requests).toEqual([])
    await until(() => refused() > before, 'the end of the call')
  })
})
