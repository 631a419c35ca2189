import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { CHAT_REQUEST } from './payloads.ts'

const HEAD_END = '\r\n\r\n'

/** How one user calls. */
export interface Callers {
  readonly token: string
  readonly connections: number
  /** Requests a second over all connections, at random times; null: each calls again as soon as it has its answer. */
  readonly rate: number | null
}

/** What came of it. Times are milliseconds, unsorted. */
export interface Outcome {
  readonly accepted: number[]
  readonly refused: number[]
  /** Calls that had no answer within the time allowed. */
  timeouts: number
  /** Connections that broke, and answers that are neither 200 nor 429 or 503 with Retry-After. */
  errors: number
  firstError: string
}

export function newOutcome(): Outcome {
  return { accepted: [], refused: [], timeouts: 0, errors: 0, firstError: '' }
}

interface Answer {
  readonly status: number
  /** Seconds; NaN: not said. */
  readonly retryAfter: number
}

/** One connection that is kept. It reads no more of an answer than it must: it is not what is measured. */
class Connection {
  readonly #url: URL
  readonly #request: Buffer
  #socket: Socket | null = null

  constructor(url: string, token: string) {
    this.#url = new URL(url)
    this.#request = Buffer.concat([
      Buffer.from(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: ${this.#url.host}\r\nauthorization: Bearer ${token}\r\n` +
          `content-type: application/json\r\ncontent-length: ${CHAT_REQUEST.length}${HEAD_END}`,
      ),
      CHAT_REQUEST,
    ])
  }

  /** Connects, so that no call has to wait for it. */
  async open(): Promise<void> {
    const socket = (this.#socket ??= connect(Number(this.#url.port), this.#url.hostname))
    await once(socket, 'connect')
  }

  /** @returns undefined: no answer in time. Rejects when the connection breaks */
  call(timeoutMs: number): Promise<Answer | undefined> {
    const socket = (this.#socket ??= connect(Number(this.#url.port), this.#url.hostname))
    return new Promise((resolve, reject) => {
      let text = ''
      const end = (answer: Answer | undefined): void => {
        clearTimeout(timer)
        socket.removeAllListeners()
        resolve(answer)
      }
      const broken = (): void => {
        clearTimeout(timer)
        this.close()
        reject(new Error('the connection broke'))
      }
      const timer = setTimeout(() => {
        end(undefined)
        this.close()
      }, timeoutMs)
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        const at = text.indexOf(HEAD_END)
        if (at < 0) return
        const head = text.slice(0, at).toLowerCase()
        const length = Number(/^content-length: (\d+)/m.exec(head)?.[1] ?? 0)
        if (text.length < at + HEAD_END.length + length) return
        const retryAfter = Number(/^retry-after: (\d+)/m.exec(head)?.[1] ?? NaN)
        end({ status: Number(head.slice(9, 12)), retryAfter })
        if (head.includes('connection: close')) this.close()
      })
      socket.on('error', broken)
      socket.on('close', broken)
      socket.write(this.#request)
    })
  }

  close(): void {
    this.#socket?.removeAllListeners()
    this.#socket?.on('error', () => undefined)
    this.#socket?.destroy()
    this.#socket = null
  }
}

/** Beyond this a call counts as timed out. */
const TIMEOUT_MS = 10_000

/**
 * Calls for so long. Who is refused comes back after the time that Retry-After says and up to a quarter more, as the SDKs do.
 * @param settleMs what comes in the first so many milliseconds is not counted
 */
export async function callFor(
  url: string,
  callers: Callers,
  ms: number,
  settleMs: number,
  outcome: Outcome,
): Promise<void> {
  const startedAt = performance.now()
  const endsAt = startedAt + ms
  const one = async (): Promise<void> => {
    const connection = new Connection(url, callers.token)
    // Connections are opened over the first part of the time that is not counted.
    await delay(Math.random() * settleMs * 0.5)
    await connection.open()
    while (performance.now() < endsAt) {
      if (callers.rate !== null)
        await delay((-Math.log(1 - Math.random()) * 1_000 * callers.connections) / callers.rate)
      if (performance.now() >= endsAt) break
      const wait = await callOnce(
        connection,
        performance.now() < startedAt + settleMs ? newOutcome() : outcome,
      )
      if (wait > 0) await delay(Math.min(wait, Math.max(0, endsAt - performance.now())))
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: callers.connections }, one))
}

/** @returns how long to wait before the next call, in milliseconds */
async function callOnce(connection: Connection, outcome: Outcome): Promise<number> {
  const calledAt = performance.now()
  try {
    const answer = await connection.call(TIMEOUT_MS)
    const took = performance.now() - calledAt
    if (answer === undefined) outcome.timeouts++
    else if (answer.status === 200) outcome.accepted.push(took)
    else if ((answer.status === 503 || answer.status === 429) && !Number.isNaN(answer.retryAfter)) {
      outcome.refused.push(took)
      return answer.retryAfter * 1_000 * (1 + Math.random() / 4)
    } else fail(outcome, `status ${answer.status}`)
  } catch (error) {
    fail(outcome, error instanceof Error ? error.message : String(error))
    return 100
  }
  return 0
}

function fail(outcome: Outcome, text: string): void {
  outcome.errors++
  outcome.firstError ||= text
}
