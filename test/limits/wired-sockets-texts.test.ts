import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { formFor } from '../helpers/calls.ts'
import { isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'
import { endedRow } from '../metering/end-to-end.ts'
import { budgetOf, limitedUser, metricOf } from './limited.ts'

const TEXT = 'x'.repeat(1000)
const POLL = { timeout: 5_000 }
const VOICE = 'MyVoice0001'

interface Pipelined {
  readonly texts: number
  readonly voice?: string
  readonly model?: string
  /** Breaks the connection once upstream has this many frames. */
  readonly leaveAfter?: number
  /** Closes the connection properly then instead. */
  readonly isPolite?: boolean
}

/** Sends all at once, as soon as it may, and reads what comes until the end. */
async function pipeline(
  { url, emulator }: TestGateway,
  token: string,
  { texts, voice = 'male-qn-qingse', model = 'speech-2.8-hd', leaveAfter, isPolite = false }: Pipelined,
): Promise<{ readonly messages: readonly string[]; readonly code: number }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/t2a_v2`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const messages: string[] = []
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  // What is wrong is told by the close that follows.
  socket.on('error', () => undefined)
  socket.on('message', (data: Buffer) => messages.push(data.toString()))
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send(JSON.stringify({ event: 'task_start', model, voice_setting: { voice_id: voice } }))
  for (let sent = 0; sent < texts; sent++) socket.send(JSON.stringify({ event: 'task_continue', text: TEXT }))
  if (leaveAfter === undefined) socket.send(JSON.stringify({ event: 'task_finish' }))
  else {
    await emulator.waitFor(({ frames }) => frames?.length === leaveAfter)
    if (isPolite) socket.close(1000)
    else socket.terminate()
  }
  return { messages, code: await closed }
}

/** How many texts got to upstream. */
function textsOf({ emulator }: TestGateway): number {
  const frames = emulator.requests.at(-1)?.frames ?? []
  return frames.filter((frame) => frame.includes('task_continue')).length
}

const budget = (quantity: number): Record<string, unknown> => ({
  budgets: [{ unit: 'characters', quantity, period: 'day' }],
})

describe('texts that are sent without waiting for those before them', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway()
  })
  afterAll(() => gateway.close())

  it.each([
    ['none of them is answered before all are sent', { delayMs: 300 }],
    ['each of them is answered at once', {}],
  ])('get to upstream as far as the budget reaches, and no further, when %s', async (name, use) => {
    gateway.emulator.scenario({ match: { operation: 'speech.websocket' }, use })
    const id = `pipeline-${name.length}`
    const token = await limitedUser(gateway, { id, limits: budget(12_500) })
    const { messages, code } = await pipeline(gateway, token, { texts: 100 })
    gateway.emulator.reset()
    expect(code).toBe(1008)
    expect(messages.at(-1)).toContain('task_failed')
    await expect.poll(() => metricOf(gateway, 'holds'), POLL).toBe(0)
    expect(await budgetOf(gateway, id)).toMatchObject({ used: 12_000, held: 0 })
    expect(await endedRow(gateway, 'speech.websocket')).toMatchObject({
      outcome: 'caller_over_budget',
      usage: { characters: 12_000 },
    })
  })
})

describe('a session over a WebSocket', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway()
  })
  afterAll(() => gateway.close())

  it('sends upstream exactly the texts that it can pay', async () => {
    const token = await limitedUser(gateway, { id: 'exact', limits: budget(12_999) })
    await pipeline(gateway, token, { texts: 100 })
    expect(textsOf(gateway)).toBe(12)
  })

  it('uses a budget up to its last character', async () => {
    const token = await limitedUser(gateway, { id: 'last', limits: budget(12_000) })
    const { code } = await pipeline(gateway, token, { texts: 12 })
    expect(code).toBe(1000)
    await expect.poll(() => budgetOf(gateway, 'last'), POLL).toMatchObject({ used: 12_000, held: 0 })
  })

  it.each([
    ['broken', false, 'caller_gone'],
    ['closed', true, 'ok'],
  ])('pays what it sent when it is %s before any answer', async (name, isPolite, outcome) => {
    gateway.emulator.reset()
    gateway.emulator.scenario({ match: { operation: 'speech.websocket' }, use: { stall: 1 } })
    const token = await limitedUser(gateway, { id: name, limits: budget(50_000) })
    await pipeline(gateway, token, { texts: 3, leaveAfter: 4, isPolite })
    gateway.emulator.reset()
    const row = await endedRow(gateway, 'speech.websocket')
    expect(row).toMatchObject({ outcome, usage: { characters: 3000 }, estimated: true })
    await expect.poll(() => budgetOf(gateway, name), POLL).toMatchObject({ used: 3000, held: 0 })
  })

  it('has to have the fee of a voice that was never used, and only of such a one', async () => {
    // 10,000 characters cost 1, a first use 3.
    const limits = { budgets: [{ amount: '3.5', period: 'day' }] }
    const token = await limitedUser(gateway, { id: 'owner', limits })
    const headers = { authorization: `Bearer ${token}` }
    const form = formFor()
    const uploaded: unknown = await (
      await fetch(`${gateway.url}/v1/files/upload`, { method: 'POST', headers, body: form })
    ).json()
    const file = isRecord(uploaded) && isRecord(uploaded.file) ? uploaded.file.file_id : undefined
    await fetch(`${gateway.url}/v1/voice_clone`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ file_id: file, voice_id: VOICE }),
    })
    const { messages } = await pipeline(gateway, token, { texts: 1, voice: VOICE })
    expect(messages.at(-1)).toContain('task_failed')
    expect(gateway.emulator.requests.at(-1)?.frames).toEqual([])
    expect((await pipeline(gateway, token, { texts: 1 })).code).toBe(1000)
    await expect.poll(() => metricOf(gateway, 'holds'), POLL).toBe(0)
  })

  it('is held to the limits of the model that it names', async () => {
    const limits = { models: { 'speech-2.8-hd': { requests_per_minute: 1 } } }
    const token = await limitedUser(gateway, { id: 'model', limits })
    expect((await pipeline(gateway, token, { texts: 1 })).code).toBe(1000)
    const { messages } = await pipeline(gateway, token, { texts: 1 })
    expect(messages.at(-1)).toContain('task_failed')
    expect(gateway.emulator.requests.at(-1)?.frames).toEqual([])
    expect((await pipeline(gateway, token, { texts: 1, model: 'speech-2.8-turbo' })).code).toBe(1000)
  })

  it('cannot name another model for what it was started with', async () => {
    const { token } = await gateway.token()
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const messages: string[] = []
    socket.on('message', (data: Buffer) => messages.push(data.toString()))
    await new Promise((resolve) => socket.once('open', resolve))
    const start = (model: string): string =>
      JSON.stringify({ event: 'task_start', model, voice_setting: { voice_id: 'male-qn-qingse' } })
    socket.send(start('speech-2.8-hd'))
    socket.send(start('speech-2.8-turbo'))
    await until(() => messages.some((message) => message.includes('task_failed')), 'the refusal')
    expect(gateway.emulator.requests.at(-1)?.frames).toEqual([start('speech-2.8-hd')])
  })
})
