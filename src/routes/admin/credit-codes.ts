import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatMoney, parseMoney } from '../../lib/money.ts'
import { formatTime } from '../../lib/times.ts'
import type { CreditService } from '../../limits/credit.ts'
import type { CreditCode } from '../../store/store.ts'
import type { AuditRule } from './access.ts'
import { answers } from './audit-rule.ts'
import { closed, cursor, duration, limit, line, milliseconds, next, time, timeOrNull } from './fields.ts'
import { ErrorView } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['credit']

const NewCodesBody = Type.Object(
  {
    amount: Type.String({
      pattern: '^\\d{1,7}(?:\\.\\d{1,9})?$',
      description: 'What each use gives: a text as "5.00", with up to 9 decimals; above 0.',
    }),
    uses: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'How many users may redeem a code, one time each: 1 to 1000000; 1 unless said.',
      }),
    ),
    expires_in: Type.Optional(duration('How long it may be redeemed')),
    reason: Type.Optional(line(200, 'Reason')),
    count: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: 'How many codes: 1 to 1000; 1 unless said.',
      }),
    ),
  },
  closed,
)

const CodeParams = Type.Object(
  {
    id: Type.String({
      pattern: '^[0-9A-Z]{4}-[0-9A-Z]{4}$',
      description: 'Code id: two groups of 4 characters, as in 7K2M-9QXA.',
    }),
  },
  closed,
)

const CodesQuery = Type.Object({ limit, cursor }, closed)

const codeFields = {
  id: Type.String({ description: 'The first characters of the code.' }),
  amount: Type.String(),
  reason: Type.String(),
  uses: Type.Integer(),
  used: Type.Integer(),
  status: Type.Enum(['active', 'used_up', 'expired', 'revoked']),
  created_at: time,
  expires_at: timeOrNull,
  revoked_at: timeOrNull,
}

export const CodeView = Type.Object(codeFields)
export const CodesPage = Type.Object({ items: Type.Array(CodeView), next })
export const IssuedCodesView = Type.Object({
  codes: Type.Array(
    Type.Object({
      ...codeFields,
      code: Type.String({ description: 'The code itself. It is shown this once and cannot be had again.' }),
    }),
  ),
})

function statusOf({ revokedAt, expiresAt, used, uses }: CreditCode, now: number) {
  if (revokedAt !== null) return 'revoked' as const
  if (used >= uses) return 'used_up' as const
  return expiresAt !== null && expiresAt <= now ? ('expired' as const) : ('active' as const)
}

const isoOrNull = (at: number | null): string | null => (at === null ? null : formatTime(at))

function codeView(code: CreditCode, now: number) {
  return {
    id: code.id,
    amount: formatMoney(code.amount),
    reason: code.reason,
    uses: code.uses,
    used: code.used,
    status: statusOf(code, now),
    created_at: formatTime(code.createdAt),
    expires_at: isoOrNull(code.expiresAt),
    revoked_at: isoOrNull(code.revokedAt),
  }
}

function amountOf(written: string): bigint {
  const amount = parseMoney(written)
  if (amount > 0n) return amount
  throw new GatewayError('invalid_request', 'The field "amount" must be above 0.', { path: 'amount' })
}

function expiryOf(expiresIn: string | number | undefined, now: number): number | null {
  if (expiresIn === undefined) return null
  const at = now + milliseconds(expiresIn, 'expires_in')
  if (at > now && !Number.isNaN(new Date(at).getTime())) return at
  throw new GatewayError('invalid_request', 'expires_in is out of range.', { path: 'expires_in' })
}

/** The codes that were made, each without the code itself: whoever reads the log must not redeem them. */
const answersCodes: AuditRule = {
  target: () => 'credit codes',
  async view(_request, answer) {
    if (!Value.Check(IssuedCodesView, answer)) return undefined
    return { codes: answer.codes.map(({ code: _, ...shown }) => shown) }
  },
}

/** What the routes of credit codes need. */
export interface CreditCodeRoutesOptions {
  readonly credit: Pick<CreditService, 'createCodes' | 'listCodes' | 'revokeCode'>
  readonly clock: Clock
}

/** Routes that make, show and revoke codes which users redeem for credit. */
export function creditCodeRoutes(app: AdminServer, { credit, clock }: CreditCodeRoutesOptions): void {
  app.post(
    '/v1/credit-codes',
    {
      config: { role: 'operator', audit: answersCodes },
      schema: {
        operationId: 'createCreditCodes',
        summary: 'Make codes that users redeem for credit',
        description: 'The answer is the only one that ever holds the codes.',
        tags,
        body: NewCodesBody,
        response: { 201: IssuedCodesView, default: ErrorView },
      },
    },
    async ({ body }, reply) => {
      const { uses = 1, count = 1, reason = 'Redeemed code' } = body
      const amount = amountOf(body.amount)
      const expiresAt = expiryOf(body.expires_in, clock.now())
      const issued = await credit.createCodes({ amount, uses, expiresAt, reason, count })
      const now = clock.now()
      const codes = issued.map(({ text, record }) => ({ ...codeView(record, now), code: text }))
      return reply.code(201).send({ codes })
    },
  )

  app.get(
    '/v1/credit-codes',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listCreditCodes',
        summary: 'List codes, newest first',
        tags,
        querystring: CodesQuery,
        response: { 200: CodesPage, default: ErrorView },
      },
    },
    async ({ query: { limit = DEFAULT_LIMIT, cursor } }) => {
      const { items, next } = await credit.listCodes({ limit, cursor })
      const now = clock.now()
      return { items: items.map((code) => codeView(code, now)), next }
    },
  )

  app.delete(
    '/v1/credit-codes/:id',
    {
      config: { role: 'operator', audit: answers('credit code') },
      schema: {
        operationId: 'revokeCreditCode',
        summary: 'Revoke a code',
        description:
          'Nobody can redeem it any more; what it gave already stays. Revoking twice changes nothing.',
        tags,
        params: CodeParams,
        response: { 200: CodeView, default: ErrorView },
      },
    },
    async ({ params }) => codeView(await credit.revokeCode(params.id), clock.now()),
  )
}
