import { describe, expect, it } from 'vitest'
import { MESSAGES } from '../../emulator/errors.ts'
import { chat, CHATS, formFor, messageOfError, post, speech } from '../helpers/calls.ts'
import { requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { requestText, until, UPGRADE, Wire } from '../helpers/wire.ts'
import { giveObjects } from '../helpers/owned.ts'

const shared = sharedGateway()

/** Codes whose texts speak of the operator's account (DESIGN rule 7). */
const ACCOUNT = [1004, 1008, 2038, 2049, 2056, 2061]
/** Codes that are the caller's own business, or nobody's: their bytes are MiniMax's. */
const PASSED = [1026, 2013, 1002]

const OURS = 'The service is temporarily unavailable.'

/** Words of each text that no answer may contain. */
const WORDS = /login fail|balance|verified|api key|usage limit|token plan|emulator-operator|1500\/1500/i

function textOf(code: number): string {
  return MESSAGES[code] ?? ''
}

async function expectHidden(gateway: TestGateway, answer: Response, dialect: string): Promise<void> {
  const text = await answer.text()
  expect(text).not.toMatch(WORDS)
  expect(answer.status).toBe(503)
  expect(messageOfError(dialect, text)).toBe(OURS)
  expect(answer.headers.get('retry-after')).toBe('60')
  await until(() => requestLines(gateway).length > 0, 'the end of the call')
  expect(requestLines(gateway).at(-1)).toMatchObject({ level: 40, outcome: 'provider_account' })
}

describe("texts about the operator's account", () => {
  it('are what the tests look for', () => {
    for (const code of ACCOUNT) expect(textOf(code)).toMatch(WORDS)
  })

  describe.each(ACCOUNT)('code %i', (code) => {
    it.each(CHATS)('is a 503 of ours in a whole answer (%s)', async (dialect, path) => {
      const { gateway, token } = shared()
      const model =
        dialect === 'native' ? `scenario:base_resp@${code}` : `scenario:http@${statusFor(code)},${code}`
      await expectHidden(gateway, await post(gateway.url, token, path, chat({ model })), dialect)
      expect(requestLines(gateway)[0]).toMatchObject({ providerCode: code })
    })

    it.each(CHATS)(
      'is a 503 of ours where a stream was asked for and an error came (%s)',
      async (dialect, path) => {
        const { gateway, token } = shared()
        const model = `scenario:http@${statusFor(code)},${code}`
        await expectHidden(
          gateway,
          await post(gateway.url, token, path, chat({ model, stream: true })),
          dialect,
        )
      },
    )

    it.each(['/v1/text/chatcompletion_v2', '/v1/chat/completions', '/v1/t2a_v2'])(
      'is hidden in the first frame of a stream (%s)',
      async (path) => {
        const { gateway, token } = shared()
        const model = `scenario:base_resp@${code}`
        const answer = await post(gateway.url, token, path, { ...speech(), ...chat({ model, stream: true }) })
        const text = await answer.text()
        expect(text).not.toMatch(WORDS)
        expect(text).toContain('"base_resp":{"status_code":1024,')
        await until(() => requestLines(gateway).length === 1, 'the end of the call')
        expect(requestLines(gateway)[0]).toMatchObject({ outcome: 'provider_account', providerCode: code })
      },
    )

    it.each([...CHATS, ['responses', '/v1/responses'] as const])(
      'is hidden in the middle of a stream (%s)',
      async (_dialect, path) => {
        const { gateway, token } = shared()
        const body = {
          ...chat({ model: `scenario:error-event@2,${code}`, stream: true }),
          input: 'Good morning',
        }
        const text = await (await post(gateway.url, token, path, body)).text()
        expect(text).toContain('data: ')
        expect(text).not.toMatch(WORDS)
        await until(() => requestLines(gateway).length === 1, 'the end of the call')
        expect(requestLines(gateway)[0]).toMatchObject({ outcome: 'provider_account' })
      },
    )

    it('is hidden on a WebSocket, in the frame and in the reason of its close', async () => {
      const { gateway, token } = shared()
      using wire = await Wire.open(gateway.url)
      wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
      await until(() => wire.text.includes('connected_success'), 'the first event')
      const message = Buffer.from(
        JSON.stringify({ event: 'task_start', model: `scenario:base_resp@${code}` }),
      )
      wire.write(Buffer.concat([Buffer.from([0x81, 0x80 | message.length, 0, 0, 0, 0]), message]))
      await until(() => wire.text.includes('task_failed'), 'the failure')
      expect(wire.text).not.toMatch(WORDS)
      expect(wire.text).toContain('"base_resp":{"status_code":1024,')
      await until(() => requestLines(gateway).length === 1, 'the end of the call')
      expect(requestLines(gateway)[0]).toMatchObject({ outcome: 'provider_account', providerCode: code })
    })

    it('is a 503 of ours for an upload, a download and a look-up', async () => {
      const { gateway, token } = shared()
      const headers = { authorization: `Bearer ${token}` }
      await giveObjects(gateway)
      gateway.emulator.scenario({ match: {}, use: `base_resp@${code}` })
      const form = { method: 'POST', headers, body: formFor() }
      await expectHidden(gateway, await fetch(`${gateway.url}/v1/files/upload`, form), 'native')
      for (const path of ['/v1/files/retrieve_content?file_id=1', '/v1/files/retrieve?file_id=1'])
        await expectHidden(gateway, await fetch(`${gateway.url}${path}`, { headers }), 'native')
    })
  })

  it('are hidden whatever the status, the type and the place of the text', async () => {
    const shapes = [
      [
        401,
        'application/json',
        '{"type":"error","error":{"type":"authentication_error","message":"invalid api key"}}',
      ],
      [403, 'application/json', '{"error":{"type":"permission_error","message":"your token plan"}}'],
      [402, 'application/json', '{"detail":"insufficient balance"}'],
      [401, 'text/plain', 'invalid api key'],
      [403, 'text/html', '<h1>your token plan</h1>'],
      [
        500,
        'application/json',
        '{"type":"error","error":{"type":"api_error","message":"insufficient balance (1008)"}}',
      ],
      [200, 'application/json', '{"base_resp":{"status_code":"1008","status_msg":"insufficient balance"}}'],
      [
        200,
        'application/json',
        ' {\n "base_resp" :\n {"status_msg":"insufficient balance","status_code":1008}}',
      ],
      [200, '', '{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}'],
      [200, 'text/plain', '{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}'],
    ] as const
    for (const [status, type, body] of shapes) {
      await using upstream = await startUpstream((_request, response) => {
        response.writeHead(status, type === '' ? {} : { 'content-type': type }).end(body)
      })
      await using gateway = await startGateway({ upstreamUrl: upstream.url })
      const { token } = await gateway.token()
      const answer = await post(gateway.url, token, '/v1/chat/completions', chat())
      expect(await answer.text(), `${status} ${type} ${body}`).not.toMatch(WORDS)
    }
  })
})

describe('texts about the request itself', () => {
  it.each(PASSED)('pass byte for byte, in every dialect: code %i', async (code) => {
    for (const [dialect, path] of CHATS) {
      const { gateway, token } = shared()
      const model =
        dialect === 'native' ? `scenario:base_resp@${code}` : `scenario:http@${statusFor(code)},${code}`
      const body = chat({ model })
      const answer = await post(gateway.url, token, path, body)
      expect(answer.status).toBe(dialect === 'native' ? 200 : statusFor(code))
      expect(await answer.text()).toContain(textOf(code))
    }
  })

  it('pass with the very bytes that MiniMax sent', async () => {
    for (const [status, body] of [
      [
        200,
        '{ "base_resp" : {"status_code":1026,"status_msg":"input new_sensitive \\u00fc"},"n":12345678901234567890 }\n',
      ],
      [400, '{"type":"error","error":{"type":"invalid_request_error","message":"invalid params (2013)"}}'],
      [429, '{"base_resp":{"status_code":1002,"status_msg":"rate limit"}}'],
      [500, '{"base_resp":{"status_code":1000,"status_msg":"unknown error"}}'],
    ] as const) {
      await using upstream = await startUpstream((_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      })
      await using gateway = await startGateway({ upstreamUrl: upstream.url })
      const { token } = await gateway.token()
      const answer = await post(gateway.url, token, '/v1/text/chatcompletion_v2', chat())
      expect([answer.status, await answer.text()]).toEqual([status, body])
    }
  })
})

/** The HTTP status that MiniMax gives a code on the surfaces that have one. */
function statusFor(code: number): number {
  const table: Readonly<Record<number, number>> = {
    1002: 429,
    1004: 401,
    1008: 402,
    1026: 422,
    2013: 400,
    2049: 401,
    2056: 429,
  }
  return table[code] ?? 500
}
