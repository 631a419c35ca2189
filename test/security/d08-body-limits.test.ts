import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { messageOfError } from '../helpers/calls.ts'
import { requestLines, startGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { requestText, until, Wire } from '../helpers/wire.ts'

const shared = sharedGateway()

const MIB = 1024 * 1024

function limitOf(name: string): number {
  const operation = OPERATIONS.find((row) => row.name === name)
  if (operation === undefined) throw new Error(`there is no ${name}`)
  return operation.bodyLimit
}

/** A piece of a chunked body. */
function piece(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

/** Sends a chunked body piece by piece until it is complete or the other side has said or done something. */
async function sendChunked(wire: Wire, first: Buffer, total: number): Promise<number> {
  const filler = Buffer.alloc(256 * 1024, 'x')
  let sent = 0
  for (let next = first; sent < total && wire.ended === undefined && wire.bytes.length === 0; next = filler) {
    sent += next.length
    await new Promise<void>((resolve) => wire.socket.write(piece(next), () => resolve()))
  }
  return sent
}

const JSON_START = Buffer.from('{"model":"speech-2.8-hd","text":"')

describe('D8: a body beyond its limit', () => {
  it('is refused by its length before a byte of it is read', async () => {
    const { gateway, token } = shared()
    for (const [path, type, limit] of [
      ['/v1/t2a_v2', 'application/json', limitOf('speech.sync')],
      ['/v1/chat/completions', 'application/json', limitOf('chat.openai')],
      ['/v1/speech_to_text', 'multipart/form-data; boundary=b', limitOf('transcription.create')],
      ['/v1/files/upload', 'multipart/form-data; boundary=b', limitOf('files.upload')],
    ] as const) {
      using wire = await Wire.open(gateway.url)
      const headers = [
        `Authorization: Bearer ${token}`,
        `Content-Type: ${type}`,
        `Content-Length: ${limit + 1}`,
      ]
      wire.write(requestText(`POST ${path}`, headers))
      const answer = await wire.answer()
      expect(answer.status, path).toBe(413)
      expect(answer.headers.get('connection'), path).toEqual(['close'])
      await wire.closed()
    }
    expect(gateway.emulator.requests).toEqual([])
  })

  it('is refused when it comes in chunks, and upstream hears nothing of it', async () => {
    const { gateway, token } = shared()
    using wire = await Wire.open(gateway.url)
    const headers = [
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ]
    wire.write(requestText('POST /v1/t2a_v2', headers))
    await sendChunked(wire, JSON_START, 8 * MIB)
    const answer = await wire.answer()
    expect(answer.status).toBe(413)
    expect(messageOfError('native', answer.body.toString())).toContain(String(MIB))
    expect(gateway.emulator.requests).toEqual([])
    expect(requestLines(gateway)[0]).toMatchObject({ outcome: 'caller_too_large' })
  })

  it('takes no more memory than the limit, however much is sent', async () => {
    const { gateway, token } = shared()
    using wire = await Wire.open(gateway.url)
    const headers = [
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ]
    wire.write(requestText('POST /v1/t2a_v2', headers))
    await sendChunked(wire, JSON_START, 64 * MIB)
    await until(() => requestLines(gateway).length === 1, 'the end of the call')
    expect(Number(requestLines(gateway)[0]?.bytesIn)).toBeLessThanOrEqual(MIB + 128 * 1024)
  })

  it('is cut on its way to upstream when it is an upload that did not tell its length', async () => {
    const { gateway, token } = shared()
    using wire = await Wire.open(gateway.url)
    const headers = [
      `Authorization: Bearer ${token}`,
      'Content-Type: multipart/form-data; boundary=b',
      'Transfer-Encoding: chunked',
    ]
    wire.write(requestText('POST /v1/speech_to_text', headers))
    const form =
      '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nasr-1.0\r\n' +
      '--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    await sendChunked(wire, Buffer.from(form), 60 * MIB)
    await until(() => requestLines(gateway).length === 1, 'the end of the call')
    expect(requestLines(gateway)[0]).toMatchObject({ outcome: 'caller_too_large', status: 413 })
    const request = await gateway.emulator.waitFor(({ closedAt }) => closedAt !== undefined)
    expect(request.complete).toBe(false)
    expect(request.bodyBytes).toBeLessThanOrEqual(limitOf('transcription.create'))
    expect(gateway.emulator.accepted.size).toBe(0)
  })

  it('by a length that lies is not one body: what follows is read as a request and refused', async () => {
    const { gateway, token } = shared()
    using wire = await Wire.open(gateway.url)
    const body = '{"model":"speech-2.8-hd"}'
    const headers = [
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ]
    wire.write(requestText('POST /v1/t2a_v2', headers, `${body}${'x'.repeat(200)}`))
    await wire.closed()
    expect(wire.answers.at(-1)?.status).toBe(400)
    // Whether the first one is still answered is a matter of time; more than itself never goes upstream.
    for (const { bodyBytes } of gateway.emulator.requests) expect(bodyBytes).toBeLessThanOrEqual(body.length)
  })

  it('over all requests is told to come again', async () => {
    await using gateway = await startGateway({ env: { MAX_BUFFERED_BYTES: '100000' } })
    const { token } = await gateway.token()
    using wire = await Wire.open(gateway.url)
    const headers = [
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ]
    wire.write(requestText('POST /v1/t2a_v2', headers))
    await sendChunked(wire, JSON_START, MIB / 2)
    const answer = await wire.answer()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toEqual(['1'])
    // What was held is given back: the next one fits again.
    using second = await Wire.open(gateway.url)
    const small = '{"model":"speech-2.8-hd","text":"a","voice_setting":{"voice_id":"male-qn-qingse"}}'
    second.write(
      requestText('POST /v1/t2a_v2', [...headers.slice(0, 2), `Content-Length: ${small.length}`], small),
    )
    expect((await second.answer()).status).toBe(200)
  })
})
