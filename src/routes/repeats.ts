import type { IncomingMessage } from 'node:http'
import { fingerprintOf, idempotencyKeyOf } from '../idempotency/keys.ts'
import { commonHeaders } from '../proxy/headers.ts'
import type { KeptAnswer } from '../store/store.ts'
import type { MatchedPassage, Pipeline } from './passage.ts'
import { addRatesOf, countUncharged } from './uncharged.ts'

/**
 * Sees to it that a request with an Idempotency-Key is carried out once: it claims the key, or gives the answer again,
 * which counts as a request and costs nothing.
 * @param body the whole request; null for a form, which is passed on before it is whole
 * @param next carries it out; called at once where there is no key
 * @param fail is told why it may not be carried out, and of what `next` throws later
 * @throws GatewayError for a key that is none
 */
export function once(
  pipeline: Pick<Pipeline, 'replays' | 'limiter' | 'clock'>,
  passage: MatchedPassage,
  request: IncomingMessage,
  body: Buffer | null,
  next: () => void,
  fail: (thrown: unknown) => void,
): void {
  const { call, match } = passage
  const key = match.operation.method === 'POST' ? idempotencyKeyOf(request) : null
  if (key === null) {
    next()
    return
  }
  const { userId = '', userSince = 0 } = passage.identity ?? {}
  const scope = { userId, userSince, operation: call.operation.name, key }
  const fingerprint = fingerprintOf({
    method: match.operation.method,
    url: request.url ?? '',
    body,
    contentLength: request.headers['content-length'],
  })
  pipeline.replays
    .begin(scope, fingerprint, call.requestId)
    .then((beginning) => {
      if (beginning.kind === 'replay') {
        const { answer } = beginning
        countUncharged(pipeline, passage, () => answerAgain(pipeline, passage, answer), fail)
        return
      }
      passage.claim = beginning.claim
      next()
    })
    .catch(fail)
}

function answerAgain(pipeline: Pick<Pipeline, 'clock'>, passage: MatchedPassage, answer: KeptAnswer): void {
  const { call, match, response } = passage
  const { status, contentType, body, requestId } = answer
  const headers = commonHeaders(match.operation, call.requestId)
  headers.push('idempotency-replayed', 'true', 'original-request', requestId)
  headers.push('content-type', contentType, 'content-length', String(body.length))
  addRatesOf(pipeline, passage, headers)
  if (!response.req.complete) headers.push('connection', 'close')
  call.status = status
  call.bytesOut = body.length
  call.finish('ok')
  response.writeHead(status, headers)
  response.end(body)
}
