import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ask, at, AUTH, chat, emulated, events, post, raw, rawPost, speech, streamed } from './kit.ts'

const emulator = emulated()
const path = '/v1/chat/completions'
const stream = { stream: true }
const asked = async (scenario: string, rest: Record<string, unknown> = {}): Promise<Response> =>
  post(emulator().url + path, chat(`scenario:${scenario}`, rest))

test('base_resp failures come as JSON, as one frame, or as an error object, after the surface', async () => {
  const { url } = emulator()
  const json = await asked('base_resp:1002')
  expect(json.status).toBe(200)
  expect(at(await json.json(), 'choices')).toBeNull()
  const frames = await streamed(url + path, chat('scenario:base_resp@1008,no money', stream))
  expect(frames).toHaveLength(1)
  expect(at(frames[0]?.json, 'base_resp')).toEqual({ status_code: 1008, status_msg: 'no money' })
  const speechFrames = await streamed(
    `${url}/v1/t2a_v2`,
    speech({ ...stream, model: 'scenario:base_resp:1039' }),
  )
  expect(at(speechFrames[0]?.json, 'base_resp.status_code')).toBe(1039)
  const claude = await post(`${url}/anthropic/v1/messages`, chat('scenario:base_resp:1002'))
  expect(claude.status).toBe(429)
  expect(at(await claude.json(), 'error.type')).toBe('rate_limit_error')
})

test('an error in mid-stream is an event of the surface', async () => {
  const url = `${emulator().url}/anthropic/v1/messages`
  const frames = await streamed(url, chat('scenario:error-event@4,1000', { ...stream, max_tokens: 50 }))
  expect(frames).toHaveLength(5)
  expect(frames.at(-1)).toMatchObject({
    event: 'error',
    json: { type: 'error', error: { type: 'api_error' } },
  })
  const openai = await streamed(emulator().url + path, chat('scenario:error-event@2,1001', stream))
  expect(at(openai.at(-1)?.json, 'base_resp.status_code')).toBe(1001)
})

test('a warning is a success with a message', async () => {
  const answer = await (await asked('warning')).json()
  expect(at(answer, 'base_resp.status_code')).toBe(0)
  expect(at(answer, 'base_resp.status_msg')).toContain('unknown field')
  expect(at(answer, 'usage.total_tokens')).toBeGreaterThan(0)
})

test('numbers that no double can hold are in the body as digits', async () => {
  const text = await (await asked('big-numbers')).text()
  expect(text).toContain('[12345678901234567,9007199254740993,18446744073709551615')
  expect(() => void JSON.parse(text)).not.toThrow()
})

test('request headers come back in the body, in a header, gzipped, or in a frame cut anywhere', async () => {
  const key = AUTH.authorization
  expect(await (await asked('echo-body')).text()).toContain(key)
  expect((await asked('echo-header')).headers.get('x-echo')).toContain(key)
  const zipped = await raw(emulator().port, rawPost(path, chat('scenario:echo-gzip')), 300)
  expect(zipped.text).toContain('content-encoding: gzip')
  expect(zipped.text.split('\r\n\r\n')[1]).not.toContain(key)
  expect(await (await asked('echo-gzip')).text()).toContain(key)
  const whole = events(await (await asked('echo-sse@40')).text())
  expect(at(whole[0]?.json, 'echo.authorization')).toBe(key)
  for (const cut of [1, 30, 57]) {
    const { text } = await raw(emulator().port, rawPost(path, chat(`scenario:echo-sse@${cut}`)), 200)
    expect(text).toContain(`\r\n\r\n${cut.toString(16)}\r\n`)
  }
})

test('gzip is sent though nobody asked, in layers and as a bomb', async () => {
  const text = await (await asked('gzip')).text()
  expect(at(JSON.parse(text), 'object')).toBe('chat.completion')
  const twice = await raw(
    emulator().port,
    rawPost(path, chat('scenario:gzip:2'), ['Connection: close']),
    1000,
  )
  expect(twice.text).toContain('content-encoding: gzip, gzip')
  const body = Buffer.from(twice.text.slice(twice.text.indexOf('\r\n\r\n') + 4), 'latin1')
  expect(gunzipSync(gunzipSync(body)).toString()).toContain('chat.completion')
  const bomb = await raw(
    emulator().port,
    rawPost(path, chat('scenario:bomb:50'), ['Connection: close']),
    3000,
  )
  expect(bomb.bytes).toBeLessThan(200_000)
})

test('answers are as large as asked: hex audio, bytes, one event, headers', async () => {
  const { url } = emulator()
  const audio = await ask(`${url}/v1/t2a_v2`, speech({ model: 'scenario:huge-audio:8' }))
  expect(String(at(audio, 'data.audio'))).toHaveLength(8 * 1024 * 1024)
  emulator().scenario({ match: { operation: 'files.content', times: 1 }, use: 'huge-binary:20' })
  const file = await upload20(url)
  expect(file.byteLength).toBe(20 * 1024 * 1024)
  const frames = await streamed(url + path, chat('scenario:huge-event', stream))
  expect(Math.max(...frames.map(({ data }) => data.length))).toBeGreaterThan(5 * 1024 * 1024)
  const headers = await raw(emulator().port, rawPost(path, chat('scenario:huge-headers:100')), 300)
  expect(headers.text.indexOf('\r\n\r\n')).toBeGreaterThan(100_000)
})

/** Reads a file that the rule above makes large. */
async function upload20(url: string): Promise<ArrayBuffer> {
  const body = new FormData()
  body.set('purpose', 'voice_clone')
  body.set('file', new Blob(['x']), 'x.mp3')
  const made: unknown = await (
    await fetch(`${url}/v1/files/upload`, { method: 'POST', headers: AUTH, body })
  ).json()
  const id = String(at(made, 'file.file_id'))
  return (await fetch(`${url}/v1/files/retrieve_content?file_id=${id}`, { headers: AUTH })).arrayBuffer()
}

test('frames are set apart by one newline, by CR LF, or not at the end', async () => {
  const single = await (await asked('single-newline', stream)).text()
  expect(single).not.toContain('\n\n')
  expect(single.match(/^data: /gm)?.length).toBeGreaterThan(2)
  expect(await (await asked('crlf', stream)).text()).toContain('\r\n\r\ndata: ')
  expect(await (await asked('no-trailing-blank', stream)).text()).toMatch(/\n\ndata: \[DONE\]$/)
})

test('an HTML page and a redirect take the place of an answer', async () => {
  const page = await asked('html')
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html'])
  const moved = await asked('redirect@http://127.0.0.1:1/steal')
  expect([moved.status, moved.headers.get('location')]).toEqual([302, 'http://127.0.0.1:1/steal'])
})

test('a reply is as long as asked', async () => {
  const frames = await streamed(emulator().url + path, chat('scenario:words:400', stream))
  expect(frames.length).toBeGreaterThan(90)
})

test('headers that a proxy must not hand on are in every answer', async () => {
  const { headers } = await post(emulator().url + path, chat('MiniMax-M3'))
  for (const name of [
    'set-cookie',
    'token',
    'userid',
    'x-group-id',
    'access-control-allow-origin',
    'trace-id',
  ]) {
    expect(headers.has(name), name).toBe(true)
  }
})

test('the bench answers are fixed', async () => {
  const { url } = emulator()
  const json = await ask(url + path, chat('bench-json'))
  expect(at(json, 'usage.total_tokens')).toBe(30)
  const include = { ...stream, stream_options: { include_usage: true } }
  const [silent, told] = [
    await streamed(url + path, chat('bench-sse-200', stream)),
    await streamed(url + path, chat('bench-sse-200', include)),
  ]
  expect(silent).toHaveLength(201)
  expect(silent.every((one) => (at(one.json, 'usage') ?? null) === null)).toBe(true)
  expect(told).toHaveLength(202)
  expect(at(told.at(-2)?.json, 'usage.total_tokens')).toBe(30)
  const audio = await (await post(`${url}/v1/t2a_v2`, speech({ model: 'bench-audio-1mb' }))).text()
  expect(audio.length).toBeGreaterThan(1024 * 1024)
  const claude = await streamed(
    `${url}/anthropic/v1/messages`,
    chat('bench-sse-200', { ...stream, max_tokens: 5 }),
  )
  expect(claude.at(-1)?.event).toBe('message_stop')
})
