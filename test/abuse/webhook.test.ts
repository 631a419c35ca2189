import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { webhookSignature } from '../../src/abuse/webhook-signature.ts'
import { createWebhook, type WebhookOptions } from '../../src/abuse/webhook.ts'
import { anIncident, instantTimer, watchedEvents } from './notice-kit.ts'

const servers: { close(): unknown }[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A receiver, what reached it, and where it is. */
async function aReceiver(answer: RequestListener = (_, response) => response.writeHead(204).end()) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      answer(request, response)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { received, url: `http://127.0.0.1:${port}/services/secret-path` }
}

function aWebhook(url: string, more: Partial<WebhookOptions> = {}) {
  const { told, events } = watchedEvents()
  const clock = { now: () => Date.UTC(2026, 0, 2) }
  const { timer } = instantTimer()
  const webhook = createWebhook({ url, secret: 'a secret of the tests', clock, events, timer, ...more })
  return { webhook, told }
}

async function told(more?: Partial<WebhookOptions>) {
  const { received, url } = await aReceiver()
  const { webhook } = aWebhook(url, more)
  webhook.tell(anIncident(), 'suspended')
  await webhook.idle()
  const [first] = received
  if (first === undefined) throw new Error('nothing was received')
  return first
}

describe('a webhook', () => {
  it('posts the incident as the API shows it', async () => {
    const { body, headers } = await told()
    expect(headers['content-type']).toBe('application/json')
    expect(JSON.parse(body)).toMatchObject({
      type: 'incident.suspended',
      timestamp: '2026-01-02T00:00:00.000Z',
      incident: {
        id: 'inc_000000000001',
        token: 'abcdefabcdef',
        user: 'ada',
        would_be: 'suspend',
        evidence: [{ signal: 'leak_report', facts: { source: 'github' } }],
        opened_at: '2026-01-01T00:00:00.000Z',
      },
    })
  })

  it('says in its text nothing that Slack would take for markup', async () => {
    const { body } = await told()
    const { text } = JSON.parse(body) as { text: string }
    expect(text).toMatch(/^\*minimax-gateway: token abcdefabcdef of ada .*\*\n/)
    expect(text).toContain('https://example.com/a?b=&lt;!channel&gt;&amp;c')
    expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
  })

  it('is signed over its id, its time and its very bytes', async () => {
    const { headers, body } = await told()
    expect(headers['webhook-id']).toBe('inc_000000000001-suspended')
    expect(headers['webhook-timestamp']).toBe('1767312000')
    expect(headers['webhook-signature']).toBe(
      webhookSignature('a secret of the tests', 'inc_000000000001-suspended', 1767312000, body),
    )
  })

  it('is not signed without a secret', async () => {
    expect((await told({ secret: undefined })).headers).not.toHaveProperty('webhook-signature')
  })

  it.each([
    [500, 3],
    [404, 3],
    [302, 3],
    [204, 1],
    [200, 1],
  ])('answered with %i is posted %i times, under one id', async (status, times) => {
    const { received, url } = await aReceiver((_, response) =>
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(),
    )
    const { webhook, told } = aWebhook(url)
    webhook.tell(anIncident(), 'opened')
    await webhook.idle()
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array<string>(times).fill('inc_000000000001-opened'),
    )
    expect(told).toHaveLength(times === 1 ? 0 : 3)
    expect(told.join()).not.toContain('secret-path')
  })

  it('gives up a receiver that says nothing', async () => {
    const { url } = await aReceiver(() => undefined)
    const { webhook, told } = aWebhook(url, {
      post: (_url, _headers, _body, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('too late')))),
    })
    webhook.tell(anIncident(), 'opened')
    await webhook.close()
    expect(told.join()).toContain('lost')
  })

  it('tells of a receiver that is not there, and of its path nothing', async () => {
    const { webhook, told } = aWebhook('http://127.0.0.1:1/services/secret-path')
    webhook.tell(anIncident(), 'opened')
    await webhook.idle()
    expect(told).toHaveLength(3)
    expect(told.join()).not.toContain('secret-path')
  })
})

describe('the signature', () => {
  it('is that of Standard Webhooks', () => {
    // The example of the specification's reference libraries.
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const body = '{"test": 2432232314}'
    expect(webhookSignature(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    )
  })
})
