import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { gatewayErrorOf } from '../errors.ts'
import type { CallbackRelay } from '../tenancy/callback-relay.ts'

/** No body about a task comes near it. */
const MAX_BODY = 256 * 1024
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-type': 'application/json; charset=utf-8',
}

/** Where MiniMax tells how tasks stand. The path is the only credential, so nothing of it is logged or repeated. */
export async function callbackRoutes(
  app: FastifyInstance,
  { relay }: { readonly relay: Pick<CallbackRelay, 'receive'> },
): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY }, (_request, body, done) =>
    done(null, body),
  )
  app.setErrorHandler((error, _request, reply) => {
    const isTooLarge = error instanceof Error && 'statusCode' in error && error.statusCode === 413
    const status = isTooLarge ? 413 : gatewayErrorOf(error).status
    return reply.code(status).headers(HEADERS).send('{"status":"failed"}')
  })
  const schema = { params: Type.Object({ secret: Type.String({ maxLength: 64 }) }) }
  app.post<{ Params: { secret: string }; Body: unknown }>(
    '/callbacks/:secret',
    { schema },
    async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const answer = await relay.receive(request.params.secret, body)
      return await reply.code(answer.status).headers(HEADERS).send(answer.body)
    },
  )
}
