import { Type } from 'typebox'
import type { UserService } from '../../auth/users.ts'
import { GatewayError } from '../../errors.ts'
import { formatMoney, parseMoney } from '../../lib/money.ts'
import { formatTime } from '../../lib/times.ts'
import type { CreditService } from '../../limits/credit.ts'
import type { Balance, Limiter } from '../../limits/limiter.ts'
import { CREDIT_KINDS, type CreditEntry } from '../../store/store.ts'
import { balanceView, BalanceView } from '../standing-json.ts'
import { answers } from './audit-rule.ts'
import { closed, cursor, limit, line, next, time } from './fields.ts'
import { ErrorView, UserParams } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['credit']

const NewCreditBody = Type.Object(
  {
    amount: Type.String({
      pattern: '^-?\\d{1,7}(?:\\.\\d{1,9})?$',
      description:
        'How much is given, or taken away where it is below 0: a text as "5.00" or "-0.25", with up to 9 decimals; not 0.',
    }),
    reason: line(200, 'Reason'),
    id: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description:
          'An id of your own, such as the number of an order, so that a change sent twice is made once: 1 to 64 letters, digits or . _ -',
      }),
    ),
  },
  closed,
)

const CreditsQuery = Type.Object({ limit, cursor }, closed)

const entryFields = {
  id: Type.String(),
  user_id: Type.String(),
  amount: Type.String({ description: 'Below 0: taken away.' }),
  kind: Type.Enum([...CREDIT_KINDS]),
  reason: Type.String(),
  at: time,
}

export const NewCreditView = Type.Object({
  ...entryFields,
  balance: Type.Union([Type.String(), Type.Null()], {
    description: 'As it is now, this change counted in. Null: it cannot be read now; the change is made.',
  }),
  currency: Type.String(),
})

export const CreditsPage = Type.Object({ items: Type.Array(Type.Object(entryFields)), next })

function entryView({ userId, amount, at, ...entry }: CreditEntry) {
  return { ...entry, user_id: userId, amount: formatMoney(amount), at: formatTime(at) }
}

/** What the routes of credit need. */
export interface CreditRoutesOptions {
  readonly users: UserService
  readonly credit: Pick<CreditService, 'add' | 'list'>
  readonly limiter: Pick<Limiter, 'standing'>
  readonly currency: string
}

/** Routes that give, take and show the credit of users. */
export function creditRoutes(app: AdminServer, options: CreditRoutesOptions): void {
  const { users, credit, limiter, currency } = options

  /** Also of those who do not pay ahead: what they would have, or owe. */
  async function balanceOf(userId: string): Promise<Balance> {
    const standing = await limiter.standing({ userId, subjects: [], prepaid: true })
    if (standing.credit === null) throw new GatewayError('internal')
    return standing.credit
  }

  app.post(
    '/v1/users/:id/credits',
    {
      config: { role: 'operator', audit: answers('credit of user') },
      schema: {
        operationId: 'addCredit',
        summary: 'Give credit to a user, or take it away',
        description:
          'It counts for users who pay ahead. An entry is never changed: a mistake is put right by another.',
        tags,
        params: UserParams,
        body: NewCreditBody,
        response: { 201: NewCreditView, default: ErrorView },
      },
    },
    async ({ params, body: { amount: written, reason, id }, log }, reply) => {
      const amount = parseMoney(written)
      if (amount === 0n) {
        throw new GatewayError('invalid_request', 'The field "amount" may not be 0.', { path: 'amount' })
      }
      const entry = await credit.add(params.id, { amount, reason, id })
      // Whoever is told of a failure would send it again: the entry is written, whatever becomes of the balance.
      const balance = await balanceOf(params.id).catch((error: unknown) => {
        log.warn({ err: error }, 'credit was changed, and the balance could not be read')
        return null
      })
      return reply
        .code(201)
        .send({ ...entryView(entry), balance: balance && formatMoney(balance.balance), currency })
    },
  )

  app.get(
    '/v1/users/:id/credits',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listCredits',
        summary: 'List what a user was given, newest first',
        description: 'What calls cost is not among it: that is in the requests.',
        tags,
        params: UserParams,
        querystring: CreditsQuery,
        response: { 200: CreditsPage, default: ErrorView },
      },
    },
    async ({ params, query: { limit = DEFAULT_LIMIT, cursor } }) => {
      const { items, next } = await credit.list(params.id, { limit, cursor })
      return { items: items.map(entryView), next }
    },
  )

  app.get(
    '/v1/users/:id/balance',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getBalance',
        summary: 'Show the balance of a user',
        description:
          'What was given less what was charged; for users who do not pay ahead it limits nothing, and may be below 0.',
        tags,
        params: UserParams,
        response: { 200: BalanceView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const { id } = await users.get(params.id)
      return balanceView(await balanceOf(id), currency)
    },
  )
}
