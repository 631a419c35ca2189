import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { addressFrom } from '../auth/access/address.ts'
import type { AccessRequests } from '../auth/access/requests.ts'
import { GatewayError } from '../errors.ts'
import { newRequestId } from '../lib/ids.ts'
import { hasBody } from '../proxy/body.ts'
import { ownError, sendError } from './admin/errors.ts'
import { closed } from './admin/fields.ts'
import { ErrorView } from './admin/schemas.ts'
import { compileValidator, type TypeBoxProvider } from './admin/validation.ts'
import { openDoors, type AccessDoors } from './access-doors.ts'

/** What the route of requests for access needs. */
export interface AccessRouteOptions extends AccessDoors {
  readonly access: Pick<AccessRequests, 'submit'>
  /** Whether there is a way to send mails. */
  readonly mails: boolean
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
const BODY_LIMIT = 8 * 1024
const LONGEST_NOTE = 500
/** Requests of one address within an hour, and how many addresses are counted at a time. */
const PER_ADDRESS = { max: 10, timeWindow: 3_600_000, cache: 50_000 }

/** The one answer, whoever asks. @param mails whether there is a way to send them */
function takenAnswer(mails: boolean) {
  return {
    status: 'accepted',
    message: mails
      ? 'If this address can be given access, a mail goes to it. Mails come within minutes, and not twice within an hour.'
      : 'The operator looks at requests, and answers to the address if access can be given.',
  }
}

const RequestBody = Type.Object(
  {
    email: Type.String({ minLength: 3, maxLength: 254 }),
    note: Type.Optional(Type.String({ maxLength: LONGEST_NOTE })),
  },
  closed,
)

const TakenView = Type.Object({ status: Type.String(), message: Type.String() })

/** Ends of lines, and what turns the direction of writing, so that a note looks the same wherever it is read. */
const STRANGE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/** What somebody wrote, as one line; null: nothing. */
function noteFrom(written: string | undefined): string | null {
  const note = (written ?? '').toWellFormed().replaceAll(STRANGE, ' ').trim()
  return note === '' ? null : note
}

/**
 * `POST /gateway/v1/access-requests` on the public listener, for people without a credential. Nothing that is known about
 * an address is looked at before the answer, so that nobody learns from it who is a user here. Mount it only where the
 * operator wants it.
 */
export async function accessRequestRoutes(app: FastifyInstance, options: AccessRouteOptions): Promise<void> {
  const { access, clock, onError } = options
  const taken = takenAnswer(options.mails)
  const api = app.withTypeProvider<TypeBoxProvider>()
  const count = app.createRateLimit(PER_ADDRESS)
  api.setValidatorCompiler(compileValidator)
  api.setErrorHandler((error: Error, request, reply) => {
    const own = ownError(error)
    if (own.status >= 500 && own.cause !== undefined)
      onError(own.cause, String(reply.getHeader('x-request-id')))
    // A body that nobody asked for is not read.
    if (hasBody(request.raw)) void reply.header('connection', 'close')
    sendError(own, request, reply)
  })
  api.addHook('onRequest', async (request, reply) => {
    void reply.headers({ ...HEADERS, 'x-request-id': newRequestId(clock.now()) })
    await openDoors(options, request, reply)
  })
  api.post(
    '/gateway/v1/access-requests',
    {
      bodyLimit: BODY_LIMIT,
      schema: { body: RequestBody, response: { 202: TakenView, default: ErrorView } },
    },
    async (request, reply) => {
      const email = addressFrom(request.body.email)
      if (email === undefined) {
        throw new GatewayError('invalid_request', 'The field "email" is no mail address.', { path: 'email' })
      }
      const state = await count(request)
      if (!state.isAllowed && state.isExceeded) {
        const retryAfter = Math.max(1, state.ttlInSeconds)
        throw new GatewayError('address_rate_limited', undefined, { retryAfter })
      }
      access.submit({ email, note: noteFrom(request.body.note) })
      return reply.code(202).send(taken)
    },
  )
}
