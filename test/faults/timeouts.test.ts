import { afterEach, describe, expect, it, vi } from 'vitest'
import { OPERATIONS, type Operation } from '../../src/minimax/catalog.ts'
import { Upstream, type UpstreamRequest } from '../../src/proxy/upstream.ts'
import { callOperation, chat, CHATS, messageOfError, post } from '../helpers/calls.ts'
import { requestLines, startGateway } from '../helpers/gateway.ts'
import { postText, sendRaw, until } from '../helpers/wire.ts'
import { giveObjects } from '../helpers/owned.ts'

const SENT = OPERATIONS.filter(({ body, answeredBy }) => body !== 'websocket' && answeredBy === 'upstream')
const MINUTE = 60_000

afterEach(() => vi.restoreAllMocks())

function timeoutsOf(name: string): Operation['timeouts'] {
  const operation = OPERATIONS.find((row) => row.name === name)
  if (operation === undefined) throw new Error(`there is no ${name}`)
  return operation.timeouts
}

/** Lets every wait for upstream end sooner. */
function hurry(change: Partial<UpstreamRequest>): void {
  const dispatch: unknown = Reflect.get(Upstream.prototype, 'dispatch')
  if (typeof dispatch !== 'function') throw new Error('there is nothing to hurry')
  vi.spyOn(Upstream.prototype, 'dispatch').mockImplementation(function (this: Upstream, request, handler) {
    Reflect.apply(dispatch, this, [{ ...request, ...change }, handler])
  })
}

describe('how long upstream may be silent', () => {
  it('is what the catalog says of each operation', async () => {
    const dispatch = vi.spyOn(Upstream.prototype, 'dispatch')
    await using gateway = await startGateway({ checksBooks: true })
    const { token } = await gateway.token()
    await giveObjects(gateway)
    for (const operation of SENT) {
      dispatch.mockClear()
      await (await callOperation(gateway.url, token, operation)).arrayBuffer()
      // Before a voice gets a name, the gateway asks once which voices everybody has.
      const waits = dispatch.mock.calls
        .filter(([{ path }]) => path !== '/v1/get_voice')
        .map(([{ firstByteMs, idleMs }]) => ({ firstByteMs, idleMs }))
      expect(waits, operation.name).toEqual([
        { firstByteMs: operation.timeouts.firstByte, idleMs: operation.timeouts.idle },
      ])
    }
  })

  it('fits what each makes: a song takes longer than a look-up, and nothing waits for ever', () => {
    expect(timeoutsOf('music.create').firstByte).toBeGreaterThanOrEqual(10 * MINUTE)
    expect(timeoutsOf('chat.openai').firstByte).toBeGreaterThanOrEqual(5 * MINUTE)
    expect(timeoutsOf('files.list').firstByte).toBeLessThanOrEqual(MINUTE)
    for (const { name, timeouts } of OPERATIONS) {
      for (const wait of [timeouts.firstByte, timeouts.idle, timeouts.total]) {
        expect(wait, name).toBeGreaterThanOrEqual(30_000)
        expect(wait, name).toBeLessThanOrEqual(60 * MINUTE)
      }
      expect(timeouts.total, name).toBeGreaterThanOrEqual(timeouts.firstByte)
    }
  })

  it.each(CHATS)('before its first byte is a 504 in the dialect (%s)', async (dialect, path) => {
    hurry({ firstByteMs: 50 })
    await using gateway = await startGateway({ checksBooks: true })
    const { token } = await gateway.token()
    const answer = await post(gateway.url, token, path, chat({ model: 'scenario:stall-headers' }))
    expect(answer.status).toBe(504)
    expect(messageOfError(dialect, await answer.text())).toBe('The provider did not answer in time.')
    await gateway.emulator.waitFor(({ aborted }) => aborted)
    expect(requestLines(gateway)[0]).toMatchObject({ outcome: 'provider_timeout' })
  })

  it.each(CHATS)('in the middle of a stream is an error event, and no end (%s)', async (dialect, path) => {
    hurry({ idleMs: 50 })
    await using gateway = await startGateway({ checksBooks: true })
    const { token } = await gateway.token()
    const body = chat({ model: 'scenario:stall@1', stream: true })
    const answer = await sendRaw(gateway.url, postText(path, token, body))
    expect([answer.status, answer.complete]).toEqual([200, false])
    const last = answer.body.toString().trimEnd().split('\n\n').at(-1) ?? ''
    const message = messageOfError(dialect, last.replace(/^(event: error\n)?data: /, ''))
    expect(message).toBe('The provider did not answer in time.')
    await gateway.emulator.waitFor(({ aborted }) => aborted)
  })

  it.each(['pings@20', 'endless@20'])('is bounded even where it is not silent: %s', async (scenario) => {
    await using gateway = await startGateway({ env: { STREAM_MAX_DURATION: '500ms' } })
    const { token } = await gateway.token()
    const body = chat({ model: `scenario:${scenario}`, stream: true })
    const answer = await sendRaw(gateway.url, postText('/v1/chat/completions', token, body))
    expect([answer.status, answer.complete]).toEqual([200, false])
    expect(answer.body.toString()).toContain('The provider did not answer in time.')
    await gateway.emulator.waitFor(({ aborted }) => aborted)
    await until(() => requestLines(gateway).length === 1, 'the end of the call')
    expect(requestLines(gateway)[0]).toMatchObject({ outcome: 'provider_timeout' })
  })
})
