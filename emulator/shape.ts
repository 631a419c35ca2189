import { createGzip, gzipSync } from 'node:zlib'
import { errorBody, Refusal } from './errors.ts'
import { edited, withCounts } from './frame-edits.ts'
import { frame, write } from './json.ts'
import { mp3 } from './media/mp3.ts'
import type { Steps } from './scenarios.ts'
import type { Answer, Call } from './types.ts'

const MB = 1024 * 1024

function chunksOf(answer: Answer): (Buffer | string)[] {
  const { body } = answer
  return typeof body === 'string' || Buffer.isBuffer(body) ? [body] : [...body]
}

function textOf(answer: Answer): string {
  return Buffer.concat(chunksOf(answer).map((chunk) => Buffer.from(chunk))).toString('utf8')
}

/** The same bytes again and again. */
function* times(count: number, bytes: Buffer): Generator<Buffer> {
  for (let i = 0; i < count; i += 1) yield bytes
}

function* audioBody(megabytes: number): Generator<Buffer | string> {
  yield AUDIO_START
  const hex = mp3(1000, 32000, 128000, 1).frame.toString('hex')
  const block = Buffer.from(hex.repeat(Math.ceil(MB / hex.length)).slice(0, MB))
  yield* times(megabytes, block)
  yield AUDIO_END
}
const AUDIO_START = '{"data":{"audio":"'
const AUDIO_END =
  '","status":2},"extra_info":{"audio_length":1000,"audio_sample_rate":32000,"usage_characters":10,"audio_format":"mp3"},"trace_id":"06huge","base_resp":{"status_code":0,"status_msg":"success"}}'

/** Chunks gzip'd on the way out, so that a bomb costs its maker nothing either. */
function bomb(megabytes: number): AsyncIterable<Buffer> {
  const zip = createGzip({ level: 9 })
  const zeros = Buffer.alloc(MB, '0')
  let left = megabytes
  const more = (): void => {
    while (left > 0) {
      left -= 1
      if (!zip.write(zeros)) {
        zip.once('drain', more)
        return
      }
    }
    zip.end('"}')
  }
  zip.write('{"choices":null,"pad":"')
  more()
  return zip
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function huge(call: Call, answer: Answer, what: string, megabytes: number): Promise<Answer> {
  const type = 'application/json'
  if (what === 'audio') {
    const length = AUDIO_START.length + megabytes * MB + AUDIO_END.length
    return { status: 200, type, body: audioBody(megabytes), length }
  }
  if (what === 'binary') {
    const body = times(megabytes, Buffer.alloc(MB, 'emulator'))
    return { status: 200, type: 'application/octet-stream', body, length: megabytes * MB }
  }
  if (what === 'bomb') {
    return {
      status: 200,
      type,
      body: await collect(bomb(megabytes)),
      headers: { 'content-encoding': 'gzip' },
    }
  }
  if (!answer.stream) return answer
  const chunks = chunksOf(answer)
  const delta = { content: 'x'.repeat(megabytes * MB), role: 'assistant' }
  const event =
    call.operation.dialect === 'anthropic'
      ? frame(
          { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: delta.content } },
          'content_block_delta',
        )
      : frame({ id: 'huge', choices: [{ index: 0, delta }], object: 'chat.completion.chunk', usage: null })
  const at = call.operation.dialect === 'anthropic' ? 3 : 1
  return { ...answer, body: [...chunks.slice(0, at), event, ...chunks.slice(at)] }
}

/** The request's headers as a JSON text, credentials included: what an upstream that leaks would send back. */
function echo(
  call: Call,
  where: string,
  splitAt: number,
): Partial<Answer> & { body: Buffer | string | string[] } {
  const seen = write({
    echo: call.headers,
    raw: call.rawHeaders,
    base_resp: { status_code: 0, status_msg: 'success' },
  })
  if (where !== 'sse') return { type: 'application/json', body: seen, stream: false }
  const whole = `data: ${seen}\n\n`
  const at = Math.max(1, Math.min(whole.length - 1, splitAt))
  return { type: 'text/event-stream', stream: true, body: [whole.slice(0, at), whole.slice(at)] }
}

function errorFrame(call: Call, code: number): string {
  const refusal = new Refusal(code)
  if (call.operation.dialect === 'anthropic') return frame(errorBody('anthropic', 500, refusal), 'error')
  if (call.operation.name === 'chat.responses')
    return frame({ type: 'error', code: code.toString(), message: refusal.message }, 'error')
  return frame({ choices: null, base_resp: { status_code: code, status_msg: refusal.message } })
}

/** Changes to the frames of a stream. */
function reframe(call: Call, answer: Answer, steps: Steps): Answer {
  let chunks = chunksOf(answer).map(String)
  if (steps.frames !== undefined) chunks = edited(chunks, steps.frames)
  if (steps.failAfter)
    chunks = [...chunks.slice(0, steps.failAfter.frames), errorFrame(call, steps.failAfter.code)]
  if (steps.newline === 'single') chunks = chunks.map((chunk) => chunk.replaceAll('\n\n', '\n'))
  if (steps.newline === 'crlf') chunks = chunks.map((chunk) => chunk.replaceAll('\n', '\r\n'))
  if (steps.noTrailingBlank) chunks = [...chunks.slice(0, -1), (chunks.at(-1) ?? '').trimEnd()]
  return { ...answer, body: chunks }
}

const BIG = '"big_numbers":[12345678901234567,9007199254740993,18446744073709551615,0.1234567890123456789],'

/** Whether an edit of the frames takes away what tells the usage: of Responses, that is the end. */
function hidesUsage(operation: string, { frames = 'usage-twice' }: Steps): boolean {
  if (frames === 'no-end') return operation === 'chat.responses'
  return frames !== 'usage-twice' && frames !== 'usage-zero'
}

/** Whether an answer so changed still says what the call used. */
function tells({ operation, steps }: Call): boolean {
  const isReplaced = steps.html === true || steps.redirect !== undefined || steps.failAfter !== undefined
  const isHidden = steps.echo !== undefined && steps.echo.where !== 'header'
  const isOther = steps.huge !== undefined && steps.huge.what !== 'event'
  const isEndless = steps.pingsMs !== undefined || steps.endlessMs !== undefined
  const isWrong = steps.usage !== undefined || hidesUsage(operation.name, steps)
  return !isWrong && !isReplaced && !isHidden && !isOther && !isEndless && (steps.gzip ?? 0) < 2
}

/** What a scenario leaves of what the call bills, for the accept log. */
function bill(call: Call, plain: Answer): Pick<Answer, 'usage' | 'model' | 'told' | 'failure' | 'task'> {
  const { steps } = call
  const { usage = {}, model, task, told = true } = plain
  return {
    usage: steps.huge?.what === 'audio' && call.operation.name === 'speech.sync' ? { characters: 10 } : usage,
    told: told && tells(call),
    ...(model === undefined ? {} : { model }),
    ...(task === undefined ? {} : { task }),
    ...(steps.failAfter && plain.stream ? { failure: { code: steps.failAfter.code, status: 200 } } : {}),
  }
}

/** Applies the steps of a scenario that change what is answered; those about time and wire are deliver()'s. */
export async function shape(call: Call, plain: Answer): Promise<Answer> {
  const { steps } = call
  let answer = plain
  if (steps.html) {
    answer = { status: 200, type: 'text/html', body: '<html><body><h1>502 Bad Gateway</h1></body></html>' }
  }
  if (steps.redirect) {
    const { location, status } = steps.redirect
    answer = { status, type: 'text/html', headers: { Location: location }, body: '' }
  }
  if (steps.huge) answer = await huge(call, answer, steps.huge.what, steps.huge.megabytes)
  if (steps.echo?.where === 'header') {
    answer = { ...answer, headers: { 'X-Echo': write(call.rawHeaders).replace(/[^\x20-\x7e]/g, '?') } }
  } else if (steps.echo) {
    answer = { ...answer, ...echo(call, steps.echo.where, steps.echo.splitAt ?? 40) }
  }
  if (steps.warning !== undefined || steps.bigNumbers || steps.usage !== undefined)
    answer = { ...answer, body: chunksOf(answer).map((c) => edit(String(c), steps)) }
  if (answer.stream) answer = reframe(call, answer, steps)
  if (steps.hugeHeadersKb !== undefined) {
    const large: Record<string, string> = {}
    for (let i = 0; i < steps.hugeHeadersKb; i += 1) large[`X-Large-${i}`] = 'h'.repeat(1000)
    answer = { ...answer, headers: { ...answer.headers, ...large } }
  }
  const layers = steps.gzip ?? (steps.echo?.where === 'gzip' ? 1 : 0)
  if (layers > 0) {
    let body: Buffer = Buffer.from(textOf(answer))
    for (let i = 0; i < layers; i += 1) body = gzipSync(body)
    const encoding = Array.from({ length: layers }, () => 'gzip').join(', ')
    answer = { ...answer, body, headers: { ...answer.headers, 'content-encoding': encoding } }
  }
  return { ...answer, ...bill(call, plain) }
}

function edit(chunk: string, steps: Steps): string {
  let out = chunk
  if (steps.warning !== undefined) {
    out = out.replace(/"base_resp":\{"status_code":0,"status_msg":"[^"]*"/, () => {
      return `"base_resp":{"status_code":0,"status_msg":${JSON.stringify(steps.warning)}`
    })
  }
  if (steps.usage !== undefined) out = withCounts(out, steps.usage)
  return steps.bigNumbers ? out.replace(/^(data: )?\{/m, (start) => start + BIG) : out
}
