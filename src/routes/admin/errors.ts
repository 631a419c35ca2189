import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError, type RefusalCode } from '../../errors.ts'
import { InvalidInput } from './validation.ts'

/** Fastify's own errors that are the caller's fault, in our words. */
const FRAMEWORK: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_BAD_URL: 'invalid_request',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_NOT_FOUND: 'not_found',
}

/** Whatever a route threw, as an error of ours; what is not ours is `internal`, its text for the log alone. */
export function ownError(error: FastifyError | Error): GatewayError {
  if (error instanceof GatewayError) return error
  if (error instanceof InvalidInput) {
    const isQuery = 'validationContext' in error && error.validationContext === 'querystring'
    const path = error.path === '' ? {} : { path: error.path }
    return new GatewayError(isQuery ? 'invalid_query' : 'invalid_request', error.message, path)
  }
  // What the JSON parser refuses (such as `__proto__`) has a status and no code.
  const isSyntax = error instanceof SyntaxError && 'statusCode' in error && error.statusCode === 400
  const code = 'code' in error && Object.hasOwn(FRAMEWORK, error.code) ? FRAMEWORK[error.code] : undefined
  return new GatewayError(code ?? (isSyntax ? 'invalid_json' : 'internal'), undefined, { cause: error })
}

/** Answers an error as `{error: {code, message, path?}}`. What is not the caller's fault is logged, and not told. */
export function sendError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  const own = ownError(error)
  if (own.status >= 500) request.log.error({ err: own.cause ?? own }, 'admin request failed')
  if (own.retryAfter !== undefined) void reply.header('retry-after', own.retryAfter)
  if (own.status === 401) void reply.header('www-authenticate', 'Bearer')
  const { code, message, path } = own
  void reply.code(own.status).send({ error: { code, message, ...(path !== undefined && { path }) } })
}
