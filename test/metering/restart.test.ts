import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmulator, type Emulator } from '../../emulator/server.ts'
import { chat, post, speech } from '../helpers/calls.ts'
import { expectBooksToMatch } from '../helpers/books.ts'
import { startGatewayProcess, type GatewayProcess } from '../helpers/child.ts'
import { ADMIN_TOKEN, isRecord, MASTER_KEY } from '../helpers/gateway.ts'
import { endedRow, rowsOf } from './end-to-end.ts'
import { speak } from './sockets.ts'

const ANTHROPIC = '/anthropic/v1/messages'

/** A gateway in a process, as far as its books are read. */
function books({ adminUrl }: GatewayProcess) {
  return {
    async admin(method: string, path: string): Promise<Record<string, unknown>> {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
      const value: unknown = await (await fetch(`${adminUrl}${path}`, { method, headers })).json()
      if (!isRecord(value)) throw new Error(`no object: ${path}`)
      return value
    },
  }
}

describe('a gateway that was killed', () => {
  let emulator: Emulator
  let first: GatewayProcess
  let second: GatewayProcess
  let taskId = ''

  beforeAll(async () => {
    emulator = await startEmulator({ keys: [MASTER_KEY], taskDelayMs: 0 })
    first = await startGatewayProcess(emulator.url)
    const token = await first.token()
    const created = await post(first.url, token, '/v1/video_generation', {
      model: 'MiniMax-Hailuo-02',
      prompt: 'A lake',
    })
    taskId = /"task_id":"(\d+)"/.exec(await created.text())?.[1] ?? ''
    emulator.scenario({ match: { operation: 'chat.openai' }, use: 'stall-headers' })
    emulator.scenario({ match: { operation: 'chat.anthropic' }, use: 'stall@2' })
    emulator.scenario({ match: { operation: 'speech.sync' }, use: 'stall@1' })
    emulator.scenario({ match: { operation: 'speech.websocket' }, use: 'stall@2' })
    const pending = [
      post(first.url, token, '/v1/chat/completions', chat()),
      post(first.url, token, ANTHROPIC, chat({ stream: true })).then((answer) => answer.text()),
      post(first.url, token, '/v1/t2a_v2', speech({ stream: true })).then((answer) => answer.text()),
      speak({ url: first.url, token, texts: ['Good morning', 'Good night'] }),
    ].map(async (call) => {
      await call.catch(() => undefined)
    })
    // The start, a text, and another one, which the client sends when it has the answer to the first.
    await emulator.waitFor(
      ({ operation, frames }) => operation === 'speech.websocket' && frames?.length === 3,
    )
    for (const path of ['/v1/chat/completions', ANTHROPIC, '/v1/t2a_v2'])
      await emulator.waitFor((request) => request.path === path && request.complete)
    await first.stop('SIGKILL')
    await Promise.all(pending)
    second = await startGatewayProcess(emulator.url, { DATA_DIR: first.dataDir })
  }, 60_000)

  afterAll(async () => {
    await second[Symbol.asyncDispose]()
    await first[Symbol.asyncDispose]()
    await emulator.close()
  })

  it.each(['chat.openai', 'chat.anthropic', 'speech.sync'])(
    'has settled what was open: %s',
    async (operation) => {
      const row = await endedRow(books(second), operation)
      expect(row).toMatchObject({
        outcome: 'gateway_interrupted',
        state: 'settled',
        usage: {},
        list_price: '0',
        charged: '0',
        estimated: false,
      })
    },
  )

  it('has settled a WebSocket by the texts that were spoken', async () => {
    const row = await endedRow(books(second), 'speech.websocket')
    expect(row).toMatchObject({
      outcome: 'gateway_interrupted',
      state: 'settled',
      usage: { characters: 12 },
      charged: '0.0012',
    })
  })

  it('follows its tasks to their end by itself', async () => {
    expect(taskId).not.toBe('')
    const newest = async (): Promise<unknown> => (await rowsOf(books(second), 'video.create'))[0]
    await expect
      .poll(newest, { timeout: 30_000, interval: 200 })
      .toMatchObject({ state: 'settled', outcome: 'ok', usage: { videos: 1 }, charged: '0.28' })
  }, 40_000)

  it('has books that match', async () => {
    await expectBooksToMatch({ ...books(second), emulator })
  })
})
