import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessRequests } from '../auth/access/requests.ts'
import { GatewayError } from '../errors.ts'
import { newRequestId } from '../lib/ids.ts'
import { formatTime } from '../lib/times.ts'
import { ownError } from './admin/errors.ts'
import { openDoors, type AccessDoors } from './access-doors.ts'
import { buttonPage, PAGE_HEADERS, tokenPage, wordsPage } from './pages-html.ts'

/** What the pages behind links need. */
export interface PagesOptions extends AccessDoors {
  readonly access: Pick<AccessRequests, 'verify' | 'claim'>
  /** Under which people reach this listener. */
  readonly publicUrl: string
}

/** A form with one code. */
const BODY_LIMIT = 4 * 1024

const VERIFY = buttonPage(
  'Confirm your address',
  'Somebody, most likely you, asked for access with this address. Press the button if it was you.',
  'It was me',
)
const CLAIM = buttonPage(
  'Get your token',
  'Press the button to see your token. It is shown one time only: have a place ready to keep it in.',
  'Show my token',
)

const UNKNOWN = wordsPage(
  'This link is not valid',
  'It is over, was replaced by a newer one, or is not whole. If you had several mails, use the newest. Otherwise ask the operator.',
)
const VERIFIED = wordsPage(
  'Your address is confirmed',
  'The operator looks at your request. When it is approved, you get another mail with a link to your token.',
)
const USED = wordsPage(
  'This link was used already',
  'Its token was shown, and cannot be shown again. If that was not you, or you do not have it any more, ask the operator.',
)
const UNAVAILABLE = wordsPage('There is no token for you now', 'Ask the operator. The link was not used up.')

/**
 * Browsers say where a form comes from. The secret is what counts: who knows it may use it from anywhere, and who does
 * not gains nothing by having somebody else's browser send a form; so nothing hangs on this. With `no-referrer` a page's
 * own form has the origin "null".
 * @throws GatewayError `origin_forbidden`
 */
function refuseOtherSites({ headers }: FastifyRequest, publicOrigin: string): void {
  const site = headers['sec-fetch-site']
  const { origin } = headers
  const isOwn =
    site === undefined
      ? origin === undefined || origin === 'null' || origin === publicOrigin
      : site === 'same-origin'
  if (!isOwn) throw new GatewayError('origin_forbidden', 'Forms of other sites are not taken here.')
}

/** What was pasted may be the whole link. */
function secretIn(body: unknown): string {
  const given = typeof body === 'string' ? (new URLSearchParams(body).get('secret') ?? '') : ''
  return given.slice(given.lastIndexOf('#') + 1).trim()
}

/**
 * The pages to which mails about access lead. Opening one changes nothing; its button sends the secret, which browsers
 * keep behind the `#` until then, in a body. Without JavaScript people paste it.
 */
export async function accessPages(app: FastifyInstance, options: PagesOptions): Promise<void> {
  const { access, failures, clock, publicUrl, onError } = options
  const publicOrigin = new URL(publicUrl).origin
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: BODY_LIMIT },
    (_request, body, done) => done(null, body),
  )
  app.setErrorHandler((error: Error, _request, reply) => {
    const own = ownError(error)
    if (own.status >= 500 && own.cause !== undefined)
      onError(own.cause, String(reply.getHeader('x-request-id')))
    if (own.retryAfter !== undefined) void reply.header('retry-after', own.retryAfter)
    void reply.header('connection', 'close')
    return send(reply, own.status, wordsPage('This did not work', own.message))
  })
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers({ ...PAGE_HEADERS, 'x-request-id': newRequestId(clock.now()) })
    await openDoors(options, request, reply)
    await failures.check(request)
    if (request.method === 'POST') refuseOtherSites(request, publicOrigin)
  })

  async function unknown(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    await failures.fail(request)
    return send(reply, 404, UNKNOWN)
  }

  app.get('/gateway/v1/access-requests/verify', (_request, reply) => send(reply, 200, VERIFY))
  app.get('/gateway/v1/access-requests/claim', (_request, reply) => send(reply, 200, CLAIM))

  app.post('/gateway/v1/access-requests/verify', async (request, reply) => {
    const result = await access.verify(secretIn(request.body))
    return result === 'unknown' ? unknown(request, reply) : send(reply, 200, VERIFIED)
  })

  app.post('/gateway/v1/access-requests/claim', async (request, reply) => {
    const claimed = await access.claim(secretIn(request.body))
    if (claimed.result === 'unknown') return unknown(request, reply)
    if (claimed.result !== 'claimed') return send(reply, 409, claimed.result === 'used' ? USED : UNAVAILABLE)
    const { token, expiresAt } = claimed
    const until = expiresAt === null ? null : formatTime(expiresAt)
    return send(reply, 200, tokenPage(token, publicUrl.replace(/\/$/, ''), until))
  })
}

function send(reply: FastifyReply, status: number, html: string): FastifyReply {
  // Fastify takes the type off before it asks for the page of an error.
  return reply.code(status).type('text/html; charset=utf-8').send(html)
}
