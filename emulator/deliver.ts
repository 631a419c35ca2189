import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { setTimeout as pause } from 'node:timers/promises'
import type { Steps } from './scenarios.ts'
import type { Answer } from './types.ts'

/** One exchange on its way out. `ours` is set when the emulator itself broke the connection. */
export interface Exchange {
  req: IncomingMessage
  res: ServerResponse
  headers: Record<string, string | string[]>
  chunkDelayMs: number
  ours: boolean
}

/** Ends a connection with RST where the platform allows it. */
export function reset(exchange: Exchange): void {
  exchange.ours = true
  const { socket } = exchange.req
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}

/** Sends an answer as it is: the way of nearly every request. */
export function send(exchange: Exchange, answer: Answer): void {
  const { res } = exchange
  const { body } = answer
  const whole = typeof body === 'string' || Buffer.isBuffer(body)
  if (!whole && answer.stream && exchange.chunkDelayMs === 0) {
    res.writeHead(answer.status, { ...exchange.headers, 'Content-Type': answer.type, ...answer.headers })
    for (const chunk of body) res.write(chunk)
    res.end()
    return
  }
  if (!whole) {
    void deliver(exchange, answer, {})
    return
  }
  const length = Buffer.byteLength(body)
  const more = answer.stream ? {} : { 'Content-Length': length }
  res.writeHead(answer.status, {
    ...exchange.headers,
    'Content-Type': answer.type,
    ...more,
    ...answer.headers,
  })
  res.end(body)
}

/** Waits; rejects when the client goes away, so that no timer outlives its connection. */
function life(res: ServerResponse): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  return gone.signal
}

function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new Error('client gone'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

async function put(res: ServerResponse, chunk: Buffer | string, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new Error('client gone')
  if (res.write(chunk)) return
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => reject(new Error('client gone'))
    signal.addEventListener('abort', stop, { once: true })
    res.once('drain', () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
  })
}

/** Cuts chunks into crumbs of `size` bytes. */
function* crumbs(chunks: Iterable<Buffer | string>, size: number): Generator<Buffer> {
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk)
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
}

function raw(socket: Socket, text: string): void {
  socket.write(text, 'latin1', () => socket.end())
}

/** Answers that are not HTTP, or not one answer. True when nothing is left to send. */
function wire(exchange: Exchange, steps: Steps): boolean {
  const { req, res } = exchange
  const { socket } = req
  if (steps.wire === 'continue') {
    res.writeContinue()
    return false
  }
  if (steps.wire === undefined || steps.wire === 'extra-bytes') return false
  exchange.ours = true
  if (steps.wire === 'garbage') raw(socket, 'This is not HTTP.\r\n\r\n\x00\x01\x02\xff')
  if (steps.wire === 'switch')
    raw(socket, 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: emulator\r\n\r\nhello')
  if (steps.wire === 'duplicate-length') {
    const head =
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n'
    raw(socket, `${head}{}${' '.repeat(18)}`)
  }
  return true
}

/** What is written after the end of the answer, for the next request on the connection to stumble over. */
const SMUGGLED =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"smuggled": true}'

/** Sends an answer the way a scenario wants it. Never rejects; ends when the client goes away. */
export async function deliver(exchange: Exchange, answer: Answer, steps: Steps): Promise<void> {
  const { res } = exchange
  const signal = life(res)
  try {
    if (wire(exchange, steps)) return
    await run(exchange, answer, steps, signal)
  } catch (error) {
    if (!signal.aborted && !res.destroyed) {
      console.error('emulator: an answer failed', error)
      res.destroy()
    }
  }
}

async function run(exchange: Exchange, answer: Answer, steps: Steps, signal: AbortSignal): Promise<void> {
  const { req, res } = exchange
  if (steps.reset === 'request' || steps.reset === 'body') {
    reset(exchange)
    return
  }
  if (steps.delayMs !== undefined) await pause(steps.delayMs, undefined, { signal })
  if (steps.stall === 'headers') await forever(signal)
  const { body } = answer
  const whole = typeof body === 'string' || Buffer.isBuffer(body)
  let chunks: Iterable<Buffer | string> = whole ? [body] : body
  const endless = steps.pingsMs !== undefined || steps.endlessMs !== undefined
  const length = answer.length ?? (whole && !answer.stream ? Buffer.byteLength(body) : 0)
  res.writeHead(answer.status, {
    ...exchange.headers,
    'Content-Type': steps.pingsMs === undefined ? answer.type : 'text/event-stream',
    ...(length > 0 && !endless ? { 'Content-Length': length } : {}),
    ...answer.headers,
  })
  res.flushHeaders()
  if (steps.reset === 'headers') {
    await pause(20, undefined, { signal })
    reset(exchange)
    return
  }
  if (steps.bodyDelayMs !== undefined) await pause(steps.bodyDelayMs, undefined, { signal })
  if (steps.drip) chunks = crumbs(chunks, Math.max(1, steps.drip.bytes))
  const gap =
    steps.chunkDelayMs ?? steps.drip?.ms ?? (steps.echo?.splitAt === undefined ? exchange.chunkDelayMs : 20)
  let sent = 0
  let written = 0
  const limit = typeof steps.reset === 'number' ? steps.reset : (steps.cutAt ?? Infinity)
  if (steps.pingsMs !== undefined) {
    for (;;) {
      await put(res, ': ping\n\n', signal)
      await pause(steps.pingsMs, undefined, { signal })
    }
  }
  for (const chunk of chunks) {
    if (steps.stall === sent) await forever(signal)
    if (sent > 0 && gap > 0) await pause(gap, undefined, { signal })
    const bytes = Buffer.from(chunk)
    if (written + bytes.length >= limit) {
      await put(res, bytes.subarray(0, limit - written), signal)
      await pause(30, undefined, { signal })
      if (typeof steps.reset === 'number') {
        reset(exchange)
        return
      }
      exchange.ours = true
      req.socket.end()
      return
    }
    await put(res, chunk, signal)
    written += bytes.length
    sent += 1
    while (steps.endlessMs !== undefined && (whole || /delta"|"status":1/.test(bytes.toString('latin1')))) {
      await put(res, chunk, signal)
      await pause(steps.endlessMs, undefined, { signal })
    }
  }
  if (typeof steps.stall === 'number') await forever(signal)
  if (steps.reset === 'end') {
    await pause(30, undefined, { signal })
    reset(exchange)
    return
  }
  if (steps.wire === 'extra-bytes') {
    res.once('finish', () => req.socket.write(SMUGGLED))
  }
  res.end()
}
