import type { FastifyRequest } from 'fastify'
import { gatewayErrorOf } from '../errors.ts'
import { objectsOf } from '../minimax/objects.ts'
import { commonHeaders } from '../proxy/headers.ts'
import { writeRefusal } from '../proxy/refusal.ts'
import { upstreamPath } from '../proxy/target.ts'
import { accountAnswer } from './account.ts'
import { queryOf, readJson } from './bodies.ts'
import { callerLimits } from './reserve.ts'
import type { MatchedPassage, Passage, Pipeline } from './passage.ts'
import { addRatesOf, countUncharged } from './uncharged.ts'

/**
 * What never reaches MiniMax: the operations of the account, to which each caller gets an answer about themselves, and
 * lists, which hold their own objects alone. Both count as requests.
 */
export function answerOwn(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: FastifyRequest,
  bytes: Buffer | undefined,
): void {
  const read = readerOf(pipeline, passage, bytes)
  const fail = (thrown: unknown): void => refuse(passage, request, thrown)
  countUncharged(
    pipeline,
    passage,
    () =>
      void read()
        .then((document) => answer(pipeline, passage, document))
        .catch(fail),
    fail,
  )
}

/** @returns what reads the document of the answer. @throws GatewayError for a body that is none */
function readerOf(
  pipeline: Pipeline,
  passage: MatchedPassage,
  bytes: Buffer | undefined,
): () => Promise<Buffer> {
  const { call, match, identity } = passage
  const { operation } = match
  if (objectsOf(operation.name).lists === null) {
    return async () => {
      const standing = await pipeline.limiter.standing(callerLimits(identity))
      return Buffer.from(JSON.stringify(accountAnswer(operation, pipeline.clock.now(), standing)))
    }
  }
  const body = operation.body === 'json' ? readJson(passage, bytes).bytes : null
  const query = queryOf(upstreamPath(match, passage.query, undefined))
  return () => pipeline.list(call.caller?.userId ?? '', { operation: operation.name, query, body })
}

function answer(pipeline: Pipeline, passage: MatchedPassage, document: Buffer): void {
  const { call, match, response } = passage
  const headers = commonHeaders(match.operation, call.requestId)
  addRatesOf(pipeline, passage, headers)
  headers.push('content-type', 'application/json; charset=utf-8', 'content-length', String(document.length))
  call.status = 200
  call.bytesOut = document.length
  call.finish('ok')
  response.writeHead(200, headers)
  response.end(document)
}

/** Answers with an error, and ends the call with it. */
export function refuse(passage: Passage, request: FastifyRequest, thrown: unknown): void {
  const { claim } = passage
  if (claim === null) {
    say(passage, request, thrown)
    return
  }
  // Nothing went upstream: the caller may try again under the same key as soon as they have read this.
  passage.claim = null
  claim.release(() => say(passage, request, thrown))
}

function say({ call, response }: Passage, { raw }: FastifyRequest, thrown: unknown): void {
  const error = gatewayErrorOf(thrown)
  call.refusal = error.code
  call.cause = error.cause
  if (raw.destroyed && !raw.complete) {
    call.finish('caller_gone')
    response.destroy()
    return
  }
  call.status = error.status
  call.bytesOut = writeRefusal(response, call.operation.dialect, error, call.requestId)
  call.finish(error.outcome)
}
