import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'

const CLOSE_MS = 5_000
const START = { event: 'task_start', model: 'speech-2.8-hd' }

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startGateway()
  token = (await gateway.token()).token
})

afterAll(() => gateway.close())

describe('a session that is refused', () => {
  it.each([
    ['at once', { ...START, voice_setting: { voice_id: ['nobodys'] } }],
    ['after a look into the store', { ...START, voice_setting: { voice_id: 'VoiceOfNobody1' } }],
  ])('%s is closed soon', async (_, message) => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const signal = AbortSignal.timeout(CLOSE_MS)
    await once(socket, 'open', { signal })
    const closed: Promise<unknown[]> = once(socket, 'close', { signal })
    socket.send(JSON.stringify(message))
    const [code] = await closed
    expect(code).toBe(1008)
  })
})
