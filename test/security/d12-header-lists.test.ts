import { describe, expect, it } from 'vitest'
import { chat, CHATS, formFor } from '../helpers/calls.ts'
import { MASTER_KEY } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { postText, sendRaw } from '../helpers/wire.ts'
import { withoutOurs } from '../helpers/ours.ts'

// Its page may call, or it would be refused before any header is looked at.
const shared = sharedGateway({ env: { CORS_ORIGINS: 'https://app.example' } })

/** What clients and proxies send, and what an attacker would. None of it is for MiniMax. */
const SENT = [
  'X-Api-Key: TOKEN',
  'Proxy-Authorization: Basic YTpi',
  'Cookie: session=secret',
  'TE: trailers',
  'Trailer: X-Checksum',
  'Proxy-Connection: keep-alive',
  'X-Forwarded-For: 10.1.2.3',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Proto: https',
  'Forwarded: for=10.1.2.3',
  'X-Real-IP: 10.1.2.3',
  'Via: 1.1 other',
  'Origin: https://app.example',
  'Referer: https://app.example/page?token=abc',
  'User-Agent: Spy/1.0',
  'Accept: text/plain',
  'Accept-Encoding: gzip, br',
  'Accept-Language: de',
  'Group-Id: 7',
  'GroupId: 7',
  'X_Api_Key: other',
  'X-Group-Id: 7',
  'OpenAI-Organization: org-1',
  'OpenAI-Beta: assistants=v2',
  'X-Stainless-OS: Linux',
  'Idempotency-Key: abc',
  'If-None-Match: "abc"',
  'Range: bytes=0-1',
  'X-HTTP-Method-Override: DELETE',
  'X-Original-URL: /v1/files/list',
  'anthropic-version: 2023-06-01',
  'anthropic-beta: tools-2024-05-16',
  'MM-API-Source: some-plugin',
  'language: zh',
  'x-emulator-scenario: http:500,1000',
]

const ALWAYS: Readonly<Record<string, string>> = {
  authorization: `Bearer ${MASTER_KEY}`,
  accept: '*/*',
  'accept-encoding': 'identity',
  'user-agent': 'minimax-gateway',
  connection: 'keep-alive',
}

const EXTRA: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  native: { 'mm-api-source': 'some-plugin' },
  openai: { 'mm-api-source': 'some-plugin' },
  anthropic: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'tools-2024-05-16' },
}

/** The platform's headers that a client may see; everything else of an answer is the gateway's own. */
const FROM_UPSTREAM = ['trace-id', 'minimax-request-id', 'x-mm-request-id', 'content-type']
const OURS = [
  'x-request-id',
  'cache-control',
  'x-content-type-options',
  'x-gateway-charged',
  'content-length',
  'date',
  'connection',
  'keep-alive',
]

describe('D12: headers pass by a list, in both directions', () => {
  it.each(CHATS)(
    `of ${SENT.length} that a client sends, MiniMax gets exactly its own (%s)`,
    async (dialect, path) => {
      const { gateway, token } = shared()
      const sent = SENT.map((line) => line.replace('TOKEN', token))
      const body = JSON.stringify(chat())
      expect((await sendRaw(gateway.url, postText(path, token, body, sent))).status).toBe(200)
      const { host, ...headers } = gateway.emulator.requests[0]?.headers ?? {}
      expect(headers).toEqual({
        ...ALWAYS,
        ...EXTRA[dialect],
        'content-type': 'application/json',
        // Beside what the gateway tells of the user, in a field of its own.
        'content-length': String(gateway.emulator.requests[0]?.body?.length),
      })
      expect(withoutOurs(gateway.emulator.requests[0]?.body)).toBe(body)
      expect(host).toBe(new URL(gateway.emulator.url).host)
    },
  )

  it('of an upload, too: the language of a transcription is for MiniMax, the rest is not', async () => {
    const { gateway, token } = shared()
    const answer = await fetch(`${gateway.url}/v1/speech_to_text`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        language: 'zh',
        cookie: 'a=b',
        'x-forwarded-for': '10.1.2.3',
      },
      body: formFor(),
    })
    expect(answer.status).toBe(200)
    const {
      host,
      'content-type': type,
      'content-length': length,
      ...headers
    } = gateway.emulator.requests[0]?.headers ?? {}
    expect(headers).toEqual({ ...ALWAYS, language: 'zh' })
    expect(type).toMatch(/^multipart\/form-data; boundary="/)
    expect(Number(length)).toBe(gateway.emulator.requests[0]?.bodyBytes)
    expect(host).toBe(new URL(gateway.emulator.url).host)
  })

  it.each(CHATS)(
    "of MiniMax's, a client gets its ids, and nothing of the account (%s)",
    async (dialect, path) => {
      const { gateway, token } = shared()
      const answer = await sendRaw(gateway.url, postText(path, token, chat()))
      const own = dialect === 'anthropic' ? ['request-id'] : []
      expect([...answer.headers.keys()].sort()).toEqual([...FROM_UPSTREAM, ...OURS, ...own].sort())
      expect([...answer.headers.values()].every((values) => values.length === 1)).toBe(true)
      expect(answer.headers.get('cache-control')).toEqual(['no-store'])
    },
  )

  it('a value that is no plain text, or is endless, goes nowhere', async () => {
    const { gateway, token } = shared()
    for (const value of ['\xfc\xf1', 'a'.repeat(600), 'tab\there']) {
      const text = postText('/v1/chat/completions', token, chat(), [`MM-API-Source: ${value}`])
      expect((await sendRaw(gateway.url, Buffer.from(text, 'latin1'))).status).toBe(200)
    }
    expect(gateway.emulator.requests.map(({ headers }) => headers['mm-api-source'])).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
