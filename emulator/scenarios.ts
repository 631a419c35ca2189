/**
 * Scenarios are data: a name says which steps an answer takes instead of the plain way.
 * Chosen by the model name `scenario:<name>` or `scenario:<name>@<args>` in a JSON body, by the request header
 * `x-emulator-scenario`, or by a rule given to `emulator.scenario()`. Steps that must happen before the body is read
 * (`reset-request`, `early`) cannot be chosen by model.
 */

import { FRAME_EDITS, type FrameEdit } from './frame-edits.ts'

/** How an OpenAI-style chat stream ends; four ways were seen. */
export type Ending = 'a' | 'b' | 'c' | 'd'

export interface Steps {
  /** Refuse with a platform code; `status` 200 = base_resp form, other = HTTP error, none = what the operation does. */
  refuse?: { code: number; status?: number; message?: string }
  /** base_resp 0 with this text: a warning, not a failure. */
  warning?: string
  ending?: Ending
  /** Error in mid-stream after n frames. */
  failAfter?: { frames: number; code: number }
  /** A stream that says too little, or says its usage more than once. */
  frames?: FrameEdit
  /** JSON that stands in place of every number that tells usage. */
  usage?: string
  /** Anthropic stream without content and without usage. */
  degenerate?: boolean
  /** Length of the reply in words. */
  words?: number
  /** The task made by this call ends as failed with this code. */
  taskFails?: number
  /** The task made by this call never leaves its first state. */
  taskStuck?: boolean
  callbacks?: boolean
  /** Ids beyond 2^53 for the objects this call makes. */
  bigIds?: boolean
  /** Adds numbers to a JSON body that a double cannot hold. */
  bigNumbers?: boolean
  /** Give the request headers back. `splitAt`: byte at which the SSE frame is cut in two chunks. */
  echo?: { where: 'body' | 'header' | 'sse' | 'gzip'; splitAt?: number }
  huge?: { what: 'audio' | 'binary' | 'event' | 'bomb'; megabytes: number }
  /** How often the body is gzip'd although identity was asked for. */
  gzip?: number
  newline?: 'single' | 'crlf'
  noTrailingBlank?: boolean
  html?: boolean
  hugeHeadersKb?: number
  redirect?: { location: string; status: number }
  /** Wait before the headers. */
  delayMs?: number
  /** Headers at once, then wait before the first body byte. */
  bodyDelayMs?: number
  chunkDelayMs?: number
  drip?: { bytes: number; ms: number }
  /** Stop for ever before the headers, or after n chunks (0 = after the headers). */
  stall?: 'headers' | number
  /** Only `: ping` comments for ever, this many ms apart. */
  pingsMs?: number
  /** The first content chunk again and again, this many ms apart. */
  endlessMs?: number
  /** Reset: at the request headers, when the body was read, after the answer's headers, at body byte n, after its end. */
  reset?: 'request' | 'body' | 'headers' | 'end' | number
  /** End the answer cleanly but too early: at body byte n of a longer Content-Length or an open chunked body. */
  cutAt?: number
  wire?: 'garbage' | 'duplicate-length' | 'continue' | 'switch' | 'extra-bytes'
  /** Answer with this HTTP status before the request body is read. */
  early?: number
  /** Fixed precomputed answers for a benchmark. */
  bench?: 'json' | 'sse' | 'audio'
  /** WebSocket: close with this code after n frames, or without a closing handshake. */
  socket?: { after: number; code: number }
}

export interface Rule {
  /** `key`: requests with this API key alone. */
  match: { operation?: string; path?: string; times?: number; key?: string }
  use: string | Steps
}

interface Scenario {
  args: string
  about: string
  steps(args: string[], raw: string): Steps
}

const num = (value: string | undefined, fallback: number): number => {
  const n = Number(value)
  return value === undefined || value === '' || !Number.isFinite(n) ? fallback : n
}
const message = (value: string | undefined): { message?: string } =>
  value === undefined ? {} : { message: value }

/** Every scenario by name. `args` shows what may follow `:` (separated by `:`) or `@` (separated by `,`). */
export const SCENARIOS: Record<string, Scenario> = {
  base_resp: {
    args: 'code[,message]',
    about: 'HTTP 200 with base_resp (JSON, one SSE frame, or WebSocket task_failed)',
    steps: ([code, text]) => ({ refuse: { code: num(code, 1000), status: 200, ...message(text) } }),
  },
  http: {
    args: 'status,code[,message]',
    about: 'HTTP error in the shape of the surface, "(code)" at the end of its message',
    steps: ([status, code, text]) => ({
      refuse: { code: num(code, 0), status: num(status, 500), ...message(text) },
    }),
  },
  'error-event': {
    args: '[frames,code]',
    about: 'an error in mid-stream after n frames (Anthropic: event: error)',
    steps: ([frames, code]) => ({ failAfter: { frames: num(frames, 4), code: num(code, 1000) } }),
  },
  'ending-a': { args: '', about: 'chat stream: usage null in every chunk', steps: () => ({ ending: 'a' }) },
  'ending-b': {
    args: '',
    about: 'chat stream: a chunk with choices [] and usage',
    steps: () => ({ ending: 'b' }),
  },
  'ending-c': {
    args: '',
    about: 'chat stream: closing chat.completion frame',
    steps: () => ({ ending: 'c' }),
  },
  'ending-d': {
    args: '',
    about: 'chat stream: last chunk with base_resp and usage',
    steps: () => ({ ending: 'd' }),
  },
  frames: {
    args: FRAME_EDITS.join('|'),
    about: 'a stream that says too little, or says its usage more than once',
    steps: (_args, raw) => {
      const frames = FRAME_EDITS.find((edit) => edit === raw)
      return frames === undefined ? {} : { frames }
    },
  },
  usage: {
    args: 'json',
    about: 'this value in place of every number that tells usage',
    steps: (_args, raw) => ({ usage: raw }),
  },
  degenerate: {
    args: '',
    about: 'Anthropic stream without content or usage',
    steps: () => ({ degenerate: true }),
  },
  words: { args: 'n', about: 'a reply of n words', steps: ([n]) => ({ words: num(n, 200) }) },
  'task-fail': {
    args: '[code]',
    about: 'the task fails',
    steps: ([code]) => ({ taskFails: num(code, 1027) }),
  },
  'task-stuck': { args: '', about: 'the task never ends', steps: () => ({ taskStuck: true }) },
  callbacks: { args: '', about: 'callback_url is called', steps: () => ({ callbacks: true }) },
  'big-ids': { args: '', about: 'ids beyond 2^53', steps: () => ({ bigIds: true }) },
  'big-numbers': {
    args: '',
    about: '17-digit numbers and more in the body',
    steps: () => ({ bigNumbers: true }),
  },
  warning: {
    args: '[text]',
    about: 'base_resp 0 with a non-empty message',
    steps: (_args, raw) => ({
      warning: raw === '' ? 'Invalid parameters detected, json: unknown field "user"' : raw,
    }),
  },
  delay: { args: 'ms', about: 'wait before the headers', steps: ([ms]) => ({ delayMs: num(ms, 1000) }) },
  'body-delay': {
    args: 'ms',
    about: 'headers, then wait',
    steps: ([ms]) => ({ bodyDelayMs: num(ms, 1000) }),
  },
  'chunk-delay': {
    args: 'ms',
    about: 'wait between chunks',
    steps: ([ms]) => ({ chunkDelayMs: num(ms, 50) }),
  },
  drip: {
    args: '[bytes,ms]',
    about: 'the body in crumbs',
    steps: ([bytes, ms]) => ({ drip: { bytes: num(bytes, 1), ms: num(ms, 20) } }),
  },
  'stall-headers': {
    args: '',
    about: 'silent for ever before the headers',
    steps: () => ({ stall: 'headers' }),
  },
  stall: {
    args: '[chunks]',
    about: 'silent for ever after n chunks',
    steps: ([n]) => ({ stall: num(n, 0) }),
  },
  pings: {
    args: '[ms]',
    about: 'only ": ping" comments for ever',
    steps: ([ms]) => ({ pingsMs: num(ms, 20) }),
  },
  endless: { args: '[ms]', about: 'a stream that never ends', steps: ([ms]) => ({ endlessMs: num(ms, 1) }) },
  'reset-request': { args: '', about: 'reset before the body is read', steps: () => ({ reset: 'request' }) },
  'reset-body': { args: '', about: 'reset after the body was read', steps: () => ({ reset: 'body' }) },
  'reset-headers': {
    args: '',
    about: "reset after the answer's headers",
    steps: () => ({ reset: 'headers' }),
  },
  'reset-end': { args: '', about: 'reset after the last byte', steps: () => ({ reset: 'end' }) },
  reset: { args: 'byte', about: 'reset at byte n of the answer', steps: ([n]) => ({ reset: num(n, 100) }) },
  cut: { args: 'byte', about: 'FIN at byte n of the answer', steps: ([n]) => ({ cutAt: num(n, 100) }) },
  garbage: { args: '', about: 'bytes that are not HTTP', steps: () => ({ wire: 'garbage' }) },
  'duplicate-length': { args: '', about: 'two Content-Lengths', steps: () => ({ wire: 'duplicate-length' }) },
  'extra-bytes': {
    args: '',
    about: 'a second answer nobody asked for',
    steps: () => ({ wire: 'extra-bytes' }),
  },
  continue: { args: '', about: '100 Continue, then the answer', steps: () => ({ wire: 'continue' }) },
  switch: { args: '', about: '101 that nobody asked for', steps: () => ({ wire: 'switch' }) },
  early: {
    args: '[status]',
    about: 'answer before the body is read',
    steps: ([s]) => ({ early: num(s, 413) }),
  },
  redirect: {
    args: 'url',
    about: '302 to url',
    steps: (_args, raw) => ({
      redirect: { location: raw === '' ? 'http://169.254.169.254/latest' : raw, status: 302 },
    }),
  },
  gzip: { args: '[layers]', about: "gzip'd although not asked for", steps: ([n]) => ({ gzip: num(n, 1) }) },
  bomb: {
    args: '[MB]',
    about: 'gzip bomb',
    steps: ([mb]) => ({ huge: { what: 'bomb', megabytes: num(mb, 100) } }),
  },
  'echo-body': { args: '', about: 'request headers in the body', steps: () => ({ echo: { where: 'body' } }) },
  'echo-header': {
    args: '',
    about: 'request headers in a header',
    steps: () => ({ echo: { where: 'header' } }),
  },
  'echo-gzip': { args: '', about: "request headers, gzip'd", steps: () => ({ echo: { where: 'gzip' } }) },
  'echo-sse': {
    args: '[byte]',
    about: 'request headers in an SSE frame cut in two chunks',
    steps: ([n]) => ({ echo: { where: 'sse', splitAt: num(n, 40) } }),
  },
  'huge-audio': {
    args: 'MB',
    about: 'hex audio',
    steps: ([mb]) => ({ huge: { what: 'audio', megabytes: num(mb, 16) } }),
  },
  'huge-binary': {
    args: 'MB',
    about: 'bytes',
    steps: ([mb]) => ({ huge: { what: 'binary', megabytes: num(mb, 16) } }),
  },
  'huge-event': {
    args: '[MB]',
    about: 'one event',
    steps: ([mb]) => ({ huge: { what: 'event', megabytes: num(mb, 5) } }),
  },
  'huge-headers': { args: '[KB]', about: 'large headers', steps: ([kb]) => ({ hugeHeadersKb: num(kb, 64) }) },
  'single-newline': { args: '', about: 'SSE frames with one newline', steps: () => ({ newline: 'single' }) },
  crlf: { args: '', about: 'SSE lines end in CR LF', steps: () => ({ newline: 'crlf' }) },
  'no-trailing-blank': {
    args: '',
    about: 'no blank line at the end',
    steps: () => ({ noTrailingBlank: true }),
  },
  html: { args: '', about: 'an HTML page with status 200', steps: () => ({ html: true }) },
  'ws-close': {
    args: '[frames,code]',
    about: 'WebSocket closed after n client frames (code 1006: without a closing handshake)',
    steps: ([n, code]) => ({ socket: { after: num(n, 1), code: num(code, 1006) } }),
  },
  'bench-json': { args: '', about: 'fixed small chat JSON', steps: () => ({ bench: 'json' }) },
  'bench-sse-200': { args: '', about: 'fixed stream of 200 chunks', steps: () => ({ bench: 'sse' }) },
  'bench-audio-1mb': { args: '', about: 'fixed 1 MB of hex audio', steps: () => ({ bench: 'audio' }) },
}

/** The steps that a scenario text such as `http:429:1002` or `delay@500` stands for; undefined when unknown. */
export function stepsOf(name: string): Steps | undefined {
  const found = /^([a-z0-9_-]+)(?:([@:])(.*))?$/s.exec(name)
  const scenario = SCENARIOS[found?.[1] ?? '']
  if (!found || !scenario) return undefined
  const raw = found[3] ?? ''
  return scenario.steps(raw === '' ? [] : raw.split(found[2] === '@' ? ',' : ':'), raw)
}
