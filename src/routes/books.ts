import { Type, type Static } from 'typebox'
import { OUTCOMES } from '../errors.ts'
import { formatMoney } from '../lib/money.ts'
import { formatTime } from '../lib/times.ts'
import { UNITS, type Usage } from '../minimax/units.ts'
import { USAGE_GROUPS, type LedgerRow, type UsageTotal } from '../store/store.ts'
import { next, time, timeOrNull } from './admin/fields.ts'

/** What was used; a unit of which nothing was used is left out. */
const usage = Type.Unsafe<Usage>(
  Type.Object(Object.fromEntries(UNITS.map((unit) => [unit, Type.Optional(Type.Number())])), {
    description: 'Quantities by unit; a unit of which nothing was used is left out.',
  }),
)

const money = (what: string) => Type.String({ description: `${what}: a decimal number, such as 0.000123.` })
const list = money("At MiniMax's list price")
const charged = money('What the user pays')
const currency = Type.String({ description: 'USD or CNY.' })
const count = (description: string) => Type.Integer({ minimum: 0, description })

/** One row of the books, as the API shows it. */
export const RequestView = Type.Object({
  request_id: Type.String(),
  at: time,
  user: Type.String(),
  token: Type.String({ description: 'Token id.' }),
  session: Type.Union([Type.String(), Type.Null()], {
    description: 'The session by which the token was used; null: none.',
  }),
  end_user: Type.Union([Type.String(), Type.Null()], {
    description: "The user's own end user; null: none was named.",
  }),
  operation: Type.String(),
  modality: Type.String(),
  model: Type.String({ description: 'The one that answered, else the one that was asked for; "": none.' }),
  outcome: Type.Union([Type.Enum([...OUTCOMES]), Type.Null()], { description: 'Null while it is open.' }),
  http_status: Type.Integer({ description: '0: the connection ended before one was sent.' }),
  provider_code: Type.Integer({ description: "MiniMax's own code; 0: none." }),
  usage,
  list_price: list,
  charged,
  currency,
  multiplier: Type.String({ description: 'Charged is the list price times this.' }),
  price_version: Type.String({ description: 'Of the price list; "": nothing was priced.' }),
  estimated: Type.Boolean({ description: 'Whether the usage was estimated rather than reported.' }),
  duration_ms: Type.Union([Type.Number(), Type.Null()], {
    description: 'From the arrival of the request to the end of its answer. Null while it is open.',
  }),
  first_byte_ms: Type.Union([Type.Number(), Type.Null()], {
    description:
      "From the arrival of the request to the first byte of MiniMax's answer. Null: there was none.",
  }),
  bytes_in: Type.Integer({ description: 'Of the request.' }),
  bytes_out: Type.Integer({ description: 'Of the answer, as far as it was sent.' }),
  upstream_key: Type.String({ description: 'Name of the key that was used.' }),
  state: Type.Enum(['open', 'pending', 'settled'], {
    description: 'open: under way; pending: answered, and its task goes on; settled: final.',
  }),
  settled_at: timeOrNull,
})

/** A page of the books. */
export const RequestsPage = Type.Object({ items: Type.Array(RequestView), next })

/** What usage may be added up by. */
export const USAGE_KEYS = [...USAGE_GROUPS, 'end_user'] as const

type UsageKey = (typeof USAGE_KEYS)[number]

const key = (group: UsageKey) =>
  Type.Optional(Type.String({ description: `Stands here when grouped by ${group}.` }))

/** What one user, token, model … used in all, as the API shows it. */
export const UsageItemView = Type.Object({
  user: key('user'),
  token: key('token'),
  model: key('model'),
  modality: key('modality'),
  operation: key('operation'),
  end_user: key('end_user'),
  requests: count('Calls that went to MiniMax and are settled.'),
  failures: count('How many of them ended in another outcome than ok.'),
  estimated: count('How many of them were billed by an estimate.'),
  usage,
  list_price: list,
  charged,
  currency,
})

/** Totals over a time. */
export const UsageAnswer = Type.Object({
  items: Type.Array(UsageItemView, { description: 'Largest charge first; one per group and currency.' }),
  from: time,
  to: time,
  group_by: Type.Enum([...USAGE_KEYS]),
})

/** A row of the books as the API shows it: money as decimal text, times in RFC 3339. */
export function requestView(row: LedgerRow): Static<typeof RequestView> {
  return {
    request_id: row.requestId,
    at: formatTime(row.at),
    user: row.userId,
    token: row.tokenId,
    session: row.sessionId === '' ? null : row.sessionId,
    end_user: row.endUser === '' ? null : row.endUser,
    operation: row.operation,
    modality: row.modality,
    model: row.model,
    outcome: row.outcome,
    http_status: row.httpStatus,
    provider_code: row.providerCode,
    usage: row.usage,
    list_price: formatMoney(row.list),
    charged: formatMoney(row.charged),
    currency: row.currency,
    multiplier: row.multiplier,
    price_version: row.priceVersion,
    estimated: row.estimated,
    duration_ms: row.durationMs,
    first_byte_ms: row.firstByteMs,
    bytes_in: row.bytesIn,
    bytes_out: row.bytesOut,
    upstream_key: row.upstreamKey,
    state: row.state,
    settled_at: row.settledAt === null ? null : formatTime(row.settledAt),
  }
}

function usageItemView(groupBy: UsageKey, total: UsageTotal): Static<typeof UsageItemView> {
  return {
    [groupBy]: total.key,
    requests: total.requests,
    failures: total.failures,
    estimated: total.estimated,
    usage: total.usage,
    list_price: formatMoney(total.list),
    charged: formatMoney(total.charged),
    currency: total.currency,
  }
}

/**
 * Totals as the API shows them.
 * @param range milliseconds since the Unix epoch: the hours that were really added up
 */
export function usageAnswer(
  groupBy: UsageKey,
  range: { readonly from: number; readonly to: number },
  totals: readonly UsageTotal[],
): Static<typeof UsageAnswer> {
  return {
    items: totals.map((total) => usageItemView(groupBy, total)),
    from: formatTime(range.from),
    to: formatTime(range.to),
    group_by: groupBy,
  }
}
