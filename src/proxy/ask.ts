import type { Operation } from '../minimax/catalog.ts'
import { upstreamHeaders } from './headers.ts'
import type { UpstreamKey } from './keys.ts'
import type { Upstream, UpstreamController } from './upstream.ts'

/** No answer to a question of ours is larger. */
const MAX_BODY = 1024 * 1024

/** A question of the gateway's own, on behalf of no caller. */
export interface Question {
  readonly operation: Operation
  /** With its query. */
  readonly path: string
  readonly key: UpstreamKey
  /** JSON; none when it is absent. */
  readonly body?: Buffer
}

/**
 * Asks upstream something and reads the whole answer. It takes no longer than the operation's own timeouts.
 * @param signal gives up
 * @returns status and body, whatever they are
 * @throws Error of the transport, or when the answer is larger than a megabyte
 */
export function ask(
  upstream: Upstream,
  { operation, path, key, body }: Question,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let controller: UpstreamController | undefined
    let length = 0
    let answered = 0
    const stop = (): void => controller?.abort(new Error('nobody waits for the answer'))
    signal.addEventListener('abort', stop, { once: true })
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', stop)
      settle()
    }
    upstream.dispatch(
      {
        path,
        method: operation.method,
        headers: upstreamHeaders(
          operation,
          key.authorization,
          {},
          body === undefined ? null : 'application/json',
          null,
        ),
        body: body ?? null,
        firstByteMs: operation.timeouts.firstByte,
        idleMs: operation.timeouts.idle,
      },
      {
        onRequestStart(begun) {
          controller = begun
          if (signal.aborted) stop()
        },
        onResponseStart(status) {
          answered = status
        },
        onResponseData(chunk) {
          length += chunk.length
          if (length > MAX_BODY) controller?.abort(new Error('the answer is too large'))
          else chunks.push(chunk)
        },
        onResponseEnd: () => end(() => resolve({ status: answered, body: Buffer.concat(chunks) })),
        onResponseError: (error) => end(() => reject(error)),
      },
    )
  })
}
