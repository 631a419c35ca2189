import type { IncomingMessage, ServerResponse } from 'node:http'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GatewayError, gatewayErrorOf } from '../errors.ts'
import { OPERATIONS } from '../minimax/catalog.ts'
import { hasBody, readBody, refuseDeclaredLength } from '../proxy/body.ts'
import { Exchange, type Outgoing } from '../proxy/exchange.ts'
import { commonHeaders } from '../proxy/headers.ts'
import { viewJson } from '../proxy/json.ts'
import { boundaryOf, FormWatcher } from '../proxy/multipart.ts'
import { writeRefusal } from '../proxy/refusal.ts'
import { upstreamPath } from '../proxy/target.ts'
import { Upload } from '../proxy/upload.ts'
import { withUsageAsked } from '../proxy/usage-request.ts'
import { accountAnswer } from './account.ts'
import { admit, begin } from './admission.ts'
import {
  checkModel,
  matched,
  upgradeOf,
  type MatchedPassage,
  type Passage,
  type Pipeline,
} from './passage.ts'

const JSON_TYPE = /^application\/json\s*(?:;\s*charset=utf-8\s*)?$/i

/** The pipeline: every request to MiniMax meets these stages, in this order. */
export async function proxyRoutes(app: FastifyInstance, pipeline: Pipeline): Promise<void> {
  app.decorateRequest('passage', null)
  // From the first stage on the stages call one another: bodies are not to be parsed, nor answers serialised, and what
  // Fastify does to find that out, and the library's handler behind it, would cost as much as our own stages.
  app.addHook('onRequest', (request, reply) => {
    reply.hijack()
    enter(pipeline, request, reply.raw)
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
  { raw }: FastifyRequest,
  bytes: Buffer | undefined,
): void {
  const { operation } = passage.match
  if (operation.answeredBy === 'gateway') {
    answerAccount(pipeline, passage)
    return
  }
  const path = upstreamPath(passage.match, passage.query, pipeline.groupId)
  if (operation.body === 'websocket') {
    openWebSocket(pipeline, passage, raw, path)
    return
  }
  const { call, identity, response } = passage
  const outgoing = outgoingOf(pipeline, passage, raw, path, bytes)
  const books = pipeline.books(call, identity, bytes ?? null, passage.match.parameter)
  new Exchange(pipeline.exchange, call, operation, outgoing, books, response).start()
}

function outgoingOf(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
  bytes: Buffer | undefined,
): Outgoing {
  switch (passage.match.operation.body) {
    case 'json':
      return jsonOutgoing(passage, request, path, bytes)
    case 'multipart':
      return formOutgoing(pipeline, passage, request, path)
    default:
      return {
        path,
        clientHeaders: request.headers,
        body: null,
        contentType: null,
        contentLength: null,
        hidesUsage: false,
      }
  }
}

function jsonOutgoing(
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
  bytes: Buffer | undefined,
): Outgoing {
  if (bytes === undefined || bytes.length === 0) throw new GatewayError('length_required')
  const view = viewJson(bytes)
  if (view.modelMistyped) throw new GatewayError('model_missing')
  passage.call.stream = view.stream && passage.match.operation.answer === 'stream'
  checkModel(passage, view.model)
  const { operation } = passage.match
  const asked = operation.asksUsage && passage.call.stream ? withUsageAsked(bytes, view) : null
  return {
    path,
    clientHeaders: request.headers,
    body: asked?.bytes ?? bytes,
    contentType: 'application/json',
    contentLength: null,
    hidesUsage: asked?.added === true,
  }
}

function formOutgoing(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
): Outgoing {
  const { call, match } = passage
  const boundary = boundaryOf(request.headers['content-type'] ?? '')
  if (boundary === undefined) throw new GatewayError('length_required')
  const watcher = new FormWatcher(boundary, {
    field(name, value) {
      if (name === 'model') {
        checkModel(passage, value)
        pipeline.checkPrice(match.operation.name, value)
      } else if (name === 'stream') call.stream = value === 'true' && match.operation.answer === 'stream'
    },
    end() {
      if (call.model === '') checkModel(passage, undefined)
    },
  })
  const length = request.headers['content-length']
  return {
    path,
    clientHeaders: request.headers,
    body: new Upload(request, call, pipeline.clock, match.operation.bodyLimit, watcher),
    contentType: `multipart/form-data; boundary="${boundary}"`,
    contentLength: length === undefined ? null : Number(length),
    hidesUsage: false,
  }
}

function openWebSocket(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
): void {
  const { call, match, protocol, response } = passage
  const upgrade = upgradeOf(request)
  if (upgrade === undefined) throw new GatewayError('upgrade_required')
  pipeline.relays.open({
    call,
    books: pipeline.books(call, passage.identity, null, ''),
    operation: match.operation,
    path,
    request,
    socket: upgrade.socket,
    head: upgrade.head,
    protocol,
    release: () => response.detachSocket(request.socket),
    check(view) {
      if (view.modelMistyped) throw new GatewayError('model_missing')
      if (view.event !== 'task_start') return
      checkModel(passage, view.model)
      if (view.model !== undefined) pipeline.checkPrice(match.operation.name, view.model)
    },
    refuse(error) {
      call.status = error.status
      writeRefusal(response, match.operation.dialect, error, call.requestId)
    },
  })
}

/** The operations of the account never reach MiniMax: each caller gets an answer about themselves. */
function answerAccount(pipeline: Pipeline, { call, match, response }: MatchedPassage): void {
  const body = JSON.stringify(accountAnswer(match.operation, pipeline.clock.now()))
  const headers = commonHeaders(match.operation, call.requestId)
  headers.push(
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(Buffer.byteLength(body)),
  )
  call.status = 200
  call.bytesOut = Buffer.byteLength(body)
  call.finish('ok')
  response.writeHead(200, headers)
  response.end(body)
}

// refusals

function refuse({ call, response }: Passage, { raw }: FastifyRequest, thrown: unknown): void {
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
