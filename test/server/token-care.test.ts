import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { startGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A time that the test moves, and waits that end when it says so. */
class Time {
  now = Date.now()
  #waits: { readonly callback: () => void; readonly at: number }[] = []

  readonly clock = { now: () => this.now, monotonic: () => performance.now() }
  readonly timer = (callback: () => void, milliseconds: number): (() => void) => {
    const wait = { callback, at: this.now + milliseconds }
    this.#waits.push(wait)
    return () => (this.#waits = this.#waits.filter((one) => one !== wait))
  }

  passes(milliseconds: number): void {
    this.now += milliseconds
    const due = this.#waits.filter(({ at }) => at <= this.now)
    this.#waits = this.#waits.filter(({ at }) => at > this.now)
    for (const { callback } of due) callback()
  }
}

/** Somebody who receives webhooks. */
async function aReceiver() {
  const bodies: string[] = []
  const server = createServer((request, answer) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (piece: string) => (body += piece))
    request.on('end', () => {
      bodies.push(body)
      answer.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, bodies }
}

describe('the care of tokens', () => {
  it('shows when and from where a token was last let in, and not that it was refused', async () => {
    const time = new Time()
    await using gateway = await startGateway({ clock: time.clock, timer: time.timer })
    const [used, asked, refused] = [
      await gateway.token(),
      await gateway.token(),
      await gateway.token({ cidrs: ['203.0.113.0/24'] }),
    ]
    const usedAt = new Date(time.now).toISOString()
    await post(gateway.url, used.token, '/v1/chat/completions', chat())
    for (const { token } of [asked, refused]) {
      await fetch(`${gateway.url}/gateway/v1/me`, { headers: { authorization: `Bearer ${token}` } })
    }
    const show = async ({ id }: { id: string }) => await gateway.admin('GET', `/admin/v1/tokens/${id}`)
    expect(await show(used)).toMatchObject({ last_used_at: null })
    time.passes(60_000)
    let shown: Record<string, unknown> = {}
    while (typeof shown.last_used_at !== 'string') shown = await show(used)
    expect(shown).toMatchObject({ last_used_at: usedAt, last_used_address: '127.0.0.1' })
    expect(await show(asked)).toMatchObject({ last_used_at: usedAt })
    expect(await show(refused)).toMatchObject({ last_used_at: null, last_used_address: null })
  })

  it('tells of tokens that end soon, once', async () => {
    const time = new Time()
    const receiver = await aReceiver()
    await using gateway = await startGateway({
      clock: time.clock,
      timer: time.timer,
      env: { NOTICE_WEBHOOK_URL: receiver.url },
    })
    const { id, token } = await gateway.token({ name: 'ci', expires_in: '15d' })
    await gateway.token({ expires_in: '60d' })
    time.passes(9 * DAY)
    await until(() => receiver.bodies.length > 0, 'the webhook')
    const [body = ''] = receiver.bodies
    expect(JSON.parse(body)).toMatchObject({ type: 'tokens.expiring', tokens: [{ token: id, name: 'ci' }] })
    expect(body).not.toContain(token.slice(17))
    await until(() => gateway.logLines.some((line) => line.includes('a token ends soon')), 'the log line')
    const metrics = async () => await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    expect(await metrics()).toContain('minimax_gateway_tokens_expiring 1')
    time.passes(HOUR)
    expect(receiver.bodies).toHaveLength(1)
  })

  it('tells of none when it is off', async () => {
    const time = new Time()
    await using gateway = await startGateway({
      clock: time.clock,
      timer: time.timer,
      env: { TOKEN_EXPIRY_NOTICE: '0' },
    })
    const { id } = await gateway.token({ expires_in: '15d' })
    time.passes(10 * DAY)
    expect(await gateway.admin('GET', `/admin/v1/tokens/${id}`)).toMatchObject({ status: 'active' })
    expect(gateway.logLines.join()).not.toContain('ends soon')
  })
})
