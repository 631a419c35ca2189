import { describe, expect, it } from 'vitest'
import { MASTER_KEY, requestLines, startGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { requestText, until, UPGRADE, Wire } from '../helpers/wire.ts'
import { startUpstream } from '../helpers/upstream.ts'

const shared = sharedGateway()

const ACCOUNT_TEXT = "login fail: Please carry the API secret key in the 'Authorization' field"

describe('D6: a WebSocket', () => {
  it.each([
    ['401 of upstream', 401, 503, 'provider_account'],
    ['402 of upstream', 402, 503, 'provider_account'],
    ['429 of upstream', 429, 429, 'provider_rate_limited'],
    ['500 of upstream', 500, 502, 'provider_error'],
    ['200 of upstream', 200, 502, 'provider_error'],
    ['302 of upstream', 302, 502, 'provider_error'],
  ])('is refused over HTTP, not opened and closed, upon %s', async (_name, theirs, ours, outcome) => {
    const seen: string[] = []
    await using upstream = await startUpstream((request, response) => {
      seen.push(request.url ?? '')
      response.writeHead(theirs, { location: 'http://127.0.0.1:1/' }).end(ACCOUNT_TEXT)
    })
    await using gateway = await startGateway({ upstreamUrl: upstream.url })
    const { token } = await gateway.token()
    using wire = await Wire.open(gateway.url)
    wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
    const answer = await wire.answer()
    expect(answer.status).toBe(ours)
    expect(wire.answers).toHaveLength(1)
    expect(answer.body.toString()).not.toContain('login fail')
    expect(JSON.parse(answer.body.toString())).toHaveProperty('base_resp.status_msg')
    expect(requestLines(gateway)[0]).toMatchObject({ outcome })
    expect(seen).toHaveLength(1)
  })

  it('takes nothing of the client to upstream but what the gateway builds', async () => {
    await using gateway = await startGateway({
      env: { MINIMAX_GROUP_ID: '42', CORS_ORIGINS: 'https://app.example' },
    })
    const { token } = await gateway.token()
    using wire = await Wire.open(gateway.url)
    wire.write(
      requestText(`GET /ws/v1/t2a_v2?token=${token}&GroupId=7&%47roupId=8&x=y`, [
        ...UPGRADE,
        'Cookie: session=abc',
        'Origin: https://app.example',
        'User-Agent: Spy/1.0',
        'X-Forwarded-For: 10.9.8.7',
        `Sec-WebSocket-Protocol: mmg.token.${token}, chat`,
        'Sec-WebSocket-Extensions: permessage-deflate',
        'X-Group-Id: 7',
      ]),
    )
    await until(() => wire.text.includes('connected_success'), 'the first event')
    const [request] = gateway.emulator.requests
    expect(request?.path).toBe('/ws/v1/t2a_v2?GroupId=42')
    const names = (request?.rawHeaders ?? [])
      .filter((_, index) => index % 2 === 0)
      .map((name) => name.toLowerCase())
    expect(names.sort()).toEqual([
      'authorization',
      'connection',
      'host',
      'sec-websocket-key',
      'sec-websocket-version',
      'upgrade',
      'user-agent',
    ])
    expect(request?.headers.authorization).toBe(`Bearer ${MASTER_KEY}`)
    expect(request?.headers['user-agent']).toBe('minimax-gateway')
    expect(request?.headers['sec-websocket-key']).not.toBe('dGhlIHNhbXBsZSBub25jZQ==')
    const [head = ''] = wire.text.split('\r\n\r\n')
    expect(head).toMatch(/^sec-websocket-protocol: chat$/im)
    expect(head).not.toMatch(/cookie|trace-id|extensions|mmg/i)
  })

  it('loses no frame that comes with the handshake, before upstream is open', async () => {
    const { gateway, token } = shared()
    using wire = await Wire.open(gateway.url)
    const frames = Array.from({ length: 30 }, (_, index) => JSON.stringify({ event: 'task_noise', index }))
    const head = requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE])
    wire.write(Buffer.concat([Buffer.from(head), ...frames.map(textFrame)]))
    const request = await gateway.emulator.waitFor(({ frames: got }) => got?.length === frames.length)
    expect(request.frames).toEqual(frames)
  })

  it.each([
    ['no version', (line: string) => !line.startsWith('Sec-WebSocket-Version')],
    ['no key', (line: string) => !line.startsWith('Sec-WebSocket-Key')],
  ])('with %s is refused before upstream hears of it', async (_name, keep) => {
    const { gateway, token } = shared()
    using wire = await Wire.open(gateway.url)
    wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE.filter(keep)]))
    expect((await wire.answer()).status).toBe(400)
    expect(gateway.emulator.requests).toEqual([])
  })

  it('to a path that is not one is refused, and so is one without a token', async () => {
    const { gateway, token } = shared()
    for (const [path, given, status] of [
      ['/v1/chat/completions', token, 404],
      ['/v1/models', token, 400],
      ['/ws/v1/other', token, 404],
      ['/ws/v1/t2a_v2', 'nonsense', 401],
    ] as const) {
      using wire = await Wire.open(gateway.url)
      wire.write(requestText(`GET ${path}`, [`Authorization: Bearer ${given}`, ...UPGRADE]))
      expect((await wire.answer()).status, path).toBe(status)
      await wire.closed()
    }
    expect(gateway.emulator.requests).toEqual([])
  })

  it('closes when a message breaks a rule, with a reason that its client understands', async () => {
    const { gateway } = shared()
    const { token } = await gateway.token({ models: ['speech-02-hd'] })
    using wire = await Wire.open(gateway.url)
    wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
    await until(() => wire.text.includes('connected_success'), 'the first event')
    wire.write(textFrame(JSON.stringify({ event: 'task_start', model: 'speech-2.8-hd' })))
    await until(() => wire.text.includes('task_failed'), 'the refusal')
    expect(wire.text).toContain('The token may not use this model.')
    await until(() => requestLines(gateway).length === 1, 'the end of the call')
    expect(gateway.emulator.requests[0]?.frames).toEqual([])
    expect(requestLines(gateway)[0]).toMatchObject({ outcome: 'caller_forbidden' })
  })
})

/** A masked text frame (RFC 6455 section 5.2) of less than 126 bytes, with a mask of zeros. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload])
}
