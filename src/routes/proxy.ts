import type { IncomingMessage, ServerResponse } from 'node:http'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GatewayError } from '../errors.ts'
import { OPERATIONS } from '../minimax/catalog.ts'
import { hasBody, readBody, refuseDeclaredLength } from '../proxy/body.ts'
import { Exchange } from '../proxy/exchange.ts'
import type { Outgoing } from '../proxy/outgoing.ts'
import { viewJson } from '../proxy/json.ts'
import { boundaryOf } from '../proxy/multipart.ts'
import { withPseudonym } from '../proxy/pseudonym.ts'
import { upstreamPath } from '../proxy/target.ts'
import { withUsageAsked } from '../proxy/usage-request.ts'
import type { ScreenedCall } from '../tenancy/callbacks.ts'
import { admit, begin } from './admission.ts'
import { answerOwn, refuse } from './answers.ts'
import { queryOf, readJson, type ReadBody } from './bodies.ts'
import { allowPreflight, isPreflight, refusalOfPreflight } from './cors.ts'
import { formOutgoing } from './forms.ts'
import {
  matched,
  ownerOf,
  type HeldBooks,
  type MatchedPassage,
  type Passage,
  type Pipeline,
} from './passage.ts'
import { once } from './repeats.ts'
import { reserve } from './reserve.ts'
import { openWebSocket } from './sockets.ts'

const JSON_TYPE = /^application\/json\s*(?:;\s*charset=utf-8\s*)?$/i

/** The pipeline: every request to MiniMax meets these stages, in this order. */
export async function proxyRoutes(app: FastifyInstance, pipeline: Pipeline): Promise<void> {
  app.decorateRequest('passage', null)
  // From the first stage on the stages call one another: bodies are not to be parsed, nor answers serialised, and what
  // Fastify does to find that out, and the library's handler behind it, would cost as much as our own stages.
  app.addHook('onRequest', (request, reply) => {
    reply.hijack()
    if (isPreflight(request)) preflight(pipeline, request, reply.raw)
    else enter(pipeline, request, reply.raw)
  })
  app.setErrorHandler((error, request, reply) => {
    reply.hijack()
    refuse(request.passage ?? begin(pipeline, request, reply.raw), request, error)
  })
  app.setNotFoundHandler(outOfOrder)
  for (const method of ['GET', 'POST', 'DELETE'] as const) {
    const operations = OPERATIONS.filter((operation) => operation.method === method)
    // The library mounts the routes; the bytes are moved by Exchange, because its own defaults do not hold here.
    await app.register(httpProxy, {
      upstream: pipeline.exchange.upstream.origin,
      undici: pipeline.exchange.upstream.dispatcher,
      httpMethods: [method],
      routes: operations.map(({ path }) => path.replace(/\{(\w+)\}/, ':$1')),
      proxyPayloads: false,
      preHandler: outOfOrder,
    })
  }
}

/** No request comes this far; one that did would be forwarded as it is. */
function outOfOrder(): never {
  throw new GatewayError('internal')
}

/** Preflights come here as all do that no route takes. They count as requests of their address, so that they are no way around its limit. */
function preflight(pipeline: Pipeline, request: FastifyRequest, response: ServerResponse): void {
  const fail = (thrown: unknown): void => refuse(begin(pipeline, request, response), request, thrown)
  const answer = (): void => {
    const refusal = refusalOfPreflight(request, pipeline.origins)
    if (refusal === null) allowPreflight(request, response, pipeline.clock)
    else fail(new GatewayError(refusal))
  }
  if (pipeline.flood === null) answer()
  else pipeline.flood(request).then(answer).catch(fail)
}

// who calls, and whether they may

function enter(pipeline: Pipeline, request: FastifyRequest, response: ServerResponse): void {
  const passage = begin(pipeline, request, response)
  const fail = (thrown: unknown): void => refuse(passage, request, thrown)
  try {
    const entry = admit(pipeline, request, passage)
    if (entry === undefined) receive(pipeline, passage, request)
    else entry.then(() => receive(pipeline, passage, request)).catch(fail)
  } catch (error) {
    fail(error)
  }
}

// parse: the bytes as they came

/** @throws GatewayError */
function receive(pipeline: Pipeline, entered: Passage, request: FastifyRequest): void {
  const passage = matched(entered)
  const { call, match, response } = passage
  const { body, bodyLimit } = match.operation
  if (hasBody(request.raw)) {
    checkContentType(body, request.headers['content-type'] ?? '')
    refuseDeclaredLength(request.raw, bodyLimit)
    // A client that asks first (RFC 9110 section 10.1.1) is told to go on only now that it may.
    if (request.headers.expect !== undefined) response.writeContinue()
    if (body === 'json') {
      readBody(pipeline.bodies, call, request.raw, bodyLimit, (error, bytes) => {
        try {
          if (error !== null) throw error
          handle(pipeline, passage, request, bytes)
        } catch (thrown) {
          refuse(passage, request, thrown)
        }
      })
      return
    }
  }
  handle(pipeline, passage, request, undefined)
}

function checkContentType(body: 'none' | 'json' | 'multipart' | 'websocket', contentType: string): void {
  switch (body) {
    case 'json':
      if (JSON_TYPE.test(contentType)) return
      throw new GatewayError('unsupported_media_type', 'Send the body as application/json.')
    case 'multipart':
      if (boundaryOf(contentType) !== undefined) return
      throw new GatewayError('unsupported_media_type', 'Send the body as multipart/form-data.')
    default:
      throw new GatewayError('invalid_request', 'This operation takes no body.')
  }
}

// handler: what it asks for, whether it may, and off it goes

/** @throws GatewayError */
function handle(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: FastifyRequest,
  bytes: Buffer | undefined,
): void {
  const { operation } = passage.match
  const { raw } = request
  if (operation.answeredBy === 'gateway') {
    answerOwn(pipeline, passage, request, bytes)
    return
  }
  const path = upstreamPath(passage.match, passage.query, pipeline.groupId)
  if (operation.body === 'websocket') {
    openWebSocket(pipeline, passage, raw, path)
    return
  }
  const read = operation.body === 'json' ? readJson(passage, bytes) : null
  const fail = (thrown: unknown): void => refuse(passage, request, thrown)
  once(
    pipeline,
    passage,
    raw,
    read?.bytes ?? null,
    () => screen(pipeline, passage, request, path, read, fail),
    fail,
  )
}

/** The objects that it names: whether they are theirs. @throws GatewayError */
function screen(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: FastifyRequest,
  path: string,
  read: ReadBody | null,
  fail: (thrown: unknown) => void,
): void {
  const { operation, parameter } = passage.match
  const query = queryOf(path)
  const body = read?.bytes ?? null
  const screened = pipeline.screen(ownerOf(passage), { operation: operation.name, parameter, query, body })
  if (!(screened instanceof Promise)) {
    take(pipeline, passage, request, path, read, screened)
    return
  }
  screened.then((claim) => take(pipeline, passage, request, path, read, claim)).catch(fail)
}

/** Its share of the caller's limits, and off it goes. */
function take(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: FastifyRequest,
  path: string,
  read: ReadBody | null,
  claim: ScreenedCall | null,
): void {
  const { call, identity, match } = passage
  const { raw } = request
  const books = pipeline.books(call, identity, read?.bytes ?? null, match.parameter)
  reserve(
    pipeline,
    passage,
    books,
    {
      bytes: match.operation.body === 'multipart' ? lengthOf(raw) : undefined,
      unusedVoices: claim?.unusedVoices,
    },
    () => {
      if (!raw.socket.destroyed) {
        send(pipeline, passage, raw, path, read, claim, books)
        return
      }
      books.hold?.release(true)
      passage.claim?.release(() => undefined)
      call.finish('caller_gone')
    },
    (error) => refuse(passage, request, error),
  )
}

/** @returns what the sender says of the length of a body; undefined: nothing */
function lengthOf({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** @param read of a JSON request; null where there is no body, or it is a form */
function send(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
  read: ReadBody | null,
  claim: ScreenedCall | null,
  books: HeldBooks,
): void {
  const { call, match, response } = passage
  const outgoing =
    match.operation.body === 'multipart'
      ? formOutgoing(pipeline, passage, request, path, books)
      : outgoingOf(pipeline, passage, request, path, read === null ? null : changed(read, claim))
  // From here on the exchange says what becomes of the key.
  const keeper = passage.claim
  passage.claim = null
  new Exchange(pipeline.exchange, call, match.operation, outgoing, books, claim, response, keeper).start()
}

/** A body in which ids were changed has to be viewed anew. */
function changed(read: ReadBody, claim: ScreenedCall | null): ReadBody {
  const bytes = claim?.body ?? read.bytes
  return bytes === read.bytes ? read : { bytes, view: viewJson(bytes) }
}

function outgoingOf(
  pipeline: Pipeline,
  { call, match: { operation } }: MatchedPassage,
  request: IncomingMessage,
  path: string,
  read: ReadBody | null,
): Outgoing {
  const outgoing = { path, clientHeaders: request.headers, contentLength: null }
  if (read === null) return { ...outgoing, body: null, contentType: null, hidesUsage: false }
  const { bytes, view } = read
  const named = withPseudonym(operation.name, bytes, view, pipeline.pseudonyms.of(call.caller?.userId ?? ''))
  const asked =
    operation.asksUsage && call.stream
      ? withUsageAsked(named, named === bytes ? view : viewJson(named))
      : { bytes: named, added: false }
  return { ...outgoing, body: asked.bytes, contentType: 'application/json', hidesUsage: asked.added }
}
