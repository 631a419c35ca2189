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

/**
 * What never reaches MiniMax: the operations of the account, to which each caller gets an answer about themselves, and
 * lists, which hold their own objects alone.
 */
export function answerOwn(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: FastifyRequest,
  bytes: Buffer | undefined,
): void {
  const { call, match } = passage
  const { operation } = match
  if (objectsOf(operation.name).lists === null) {
    pipeline.limiter
      .standing(callerLimits(passage.identity))
      .then((standing) =>
        answer(
          passage,
          Buffer.from(JSON.stringify(accountAnswer(operation, pipeline.clock.now(), standing))),
        ),
      )
      .catch((thrown: unknown) => refuse(passage, request, thrown))
    return
  }
  const body = operation.body === 'json' ? readJson(passage, bytes).bytes : null
  const query = queryOf(upstreamPath(match, passage.query, undefined))
  pipeline
    .list(call.caller?.userId ?? '', { operation: operation.name, query, body })
    .then((document) => answer(passage, document))
    .catch((thrown: unknown) => refuse(passage, request, thrown))
}

function answer({ call, match, response }: MatchedPassage, document: Buffer): void {
  const headers = commonHeaders(match.operation, call.requestId)
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
