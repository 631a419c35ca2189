import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { credentialOf, webSocketCredentialOf } from '../auth/credential.ts'
import type { Identity } from '../auth/identity.ts'
import { Call } from '../call.ts'
import { GatewayError } from '../errors.ts'
import { newRequestId } from '../lib/ids.ts'
import { authResultOf } from '../metrics/labels.ts'
import { UNKNOWN_OPERATION } from '../metrics/metrics.ts'
import { dialectOfPath, operationOf, type Operation } from '../minimax/catalog.ts'
import { hasBody } from '../proxy/body.ts'
import { refuseRepeatedHeaders, refuseStrangeVersion } from '../proxy/headers.ts'
import { checkHandshake } from '../proxy/handshake.ts'
import { refuseCredential } from './caller.ts'
import { upgradeOf, type Passage, type Pipeline } from './passage.ts'
import { eventOf } from './watch.ts'

/** The first stage: finds the operation by the exact method and path, and opens the call that will be accounted for. */
export function begin(pipeline: Pipeline, request: FastifyRequest, response: ServerResponse): Passage {
  const { clock, metrics, bodies, overload, watch } = pipeline
  const url = request.raw.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const match = operationOf(request.method, path) ?? null
  const operation = match?.operation ?? { ...UNKNOWN_OPERATION, dialect: dialectOfPath(path) }
  const call = new Call(newRequestId(clock.now()), operation, request.ip, clock, (ended) => {
    overload.end()
    bodies.budget.release(ended)
    metrics.finish(ended)
    const { identity } = passage
    if (identity !== null) watch.observe(eventOf(ended, identity, request.raw, clock.now()))
    pipeline.log(ended)
  })
  const query = mark < 0 ? '' : url.slice(mark + 1)
  const passage: Passage = { call, response, match, query, identity: null, protocol: null, claim: null }
  request.passage = passage
  overload.begin(call.startedAt)
  metrics.begin(operation.name)
  return passage
}

/**
 * Lets a request in or not, by its headers alone: before any byte of its body.
 * @returns a promise only where something has to be waited for
 * @throws GatewayError (or rejects with it)
 */
export function admit(
  pipeline: Pipeline,
  request: FastifyRequest,
  passage: Passage,
): Promise<void> | undefined {
  if (pipeline.isDraining()) throw new GatewayError('draining')
  pipeline.overload.checkInflight()
  refuseRepeatedHeaders(request.raw.rawHeaders)
  if (passage.match === null) throw new GatewayError('operation_not_found')
  const { operation } = passage.match
  refuseStrangeFraming(request, operation)
  if (pipeline.flood === null) return authenticate(pipeline, request, passage, operation)
  return pipeline.flood(request).then(() => authenticate(pipeline, request, passage, operation))
}

function refuseStrangeFraming({ raw }: FastifyRequest, operation: Operation): void {
  refuseStrangeVersion(raw)
  if (operation.method === 'GET' && hasBody(raw)) {
    throw new GatewayError('invalid_request', 'This operation takes no body.')
  }
  const isUpgrade = upgradeOf(raw) !== undefined
  if (operation.body === 'websocket') {
    if (!isUpgrade) throw new GatewayError('upgrade_required')
    checkHandshake(raw)
  } else if (isUpgrade) throw new GatewayError('invalid_request', 'This operation does not speak WebSocket.')
}

function authenticate(
  pipeline: Pipeline,
  request: FastifyRequest,
  passage: Passage,
  operation: Operation,
): Promise<void> | undefined {
  let identity: Identity | Promise<Identity>
  try {
    identity = pipeline.authenticator.authenticate(credential(request, passage, operation))
  } catch (error) {
    return refuseCredential(pipeline, request, error)
  }
  if (!(identity instanceof Promise)) {
    enter(pipeline, request, passage, operation, identity)
    return undefined
  }
  return identity.then(
    (found) => enter(pipeline, request, passage, operation, found),
    (error: unknown) => refuseCredential(pipeline, request, error),
  )
}

function credential(request: FastifyRequest, passage: Passage, operation: Operation): string {
  const { rawHeaders, url } = request.raw
  let found: string | null
  if (operation.body === 'websocket') {
    const offer = webSocketCredentialOf(rawHeaders, url ?? '')
    passage.protocol = offer.protocol
    found = offer.credential
  } else found = credentialOf(rawHeaders)
  if (found === null) throw new GatewayError('token_missing')
  return found
}

function enter(
  pipeline: Pipeline,
  request: FastifyRequest,
  passage: Passage,
  operation: Operation,
  identity: Identity,
): void {
  passage.identity = identity
  passage.call.caller = identity
  const forbidden = identity.refusalFrom({ address: request.ip, origin: request.headers.origin })
  if (forbidden !== null) {
    pipeline.metrics.authAttempt(authResultOf(forbidden))
    throw new GatewayError(forbidden)
  }
  pipeline.metrics.authAttempt('ok')
  pipeline.used(identity, request.ip)
  pipeline.overload.admit(identity.userId, passage.call.startedAt)
  if (!identity.mayUseOperation(operation.name)) throw new GatewayError('operation_forbidden')
}
