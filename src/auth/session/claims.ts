import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { UNITS } from '../../minimax/units.ts'
import { BUDGET_PERIODS, type Budget } from '../../store/store.ts'

/** What a session is limited to, beside all that limits its token and its user. */
export interface SessionLimits {
  /** Whole numbers of at least 1; left out: no limit of its own. */
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
  /** Calls under way at a time. */
  readonly concurrency?: number
  /** Calls that it may make in all. */
  readonly calls?: number
  readonly budgets?: readonly Budget[]
}

/** All that a session token says. What is null or left out is as its parent has it. */
export interface SessionClaims {
  /** 12 base62 characters. */
  readonly id: string
  /** The token that it was made of. */
  readonly tokenId: string
  readonly userId: string
  /** When the user was made: an id may be given anew. Times are milliseconds since the Unix epoch. */
  readonly userSince: number
  readonly issuedAt: number
  readonly expiresAt: number
  /** The user's own end user; '' where none is named. */
  readonly endUser: string
  /** Operation names, `modality.*` or `*`. */
  readonly operations: readonly string[] | null
  readonly models: readonly string[] | null
  /** Web origins from whose pages alone it may be used. */
  readonly origins: readonly string[] | null
  /** Networks (CIDR) from which alone it may be used. */
  readonly networks: readonly string[] | null
  readonly limits: SessionLimits
}

/** The only version there is. Whoever changes what a claim means takes the next one. */
const VERSION = 1

/** How an end user is named: 1 to 128 visible ASCII characters. */
export const END_USER = '^(?!\\*$)[\\x21-\\x7e]{1,128}$'

const closed = { additionalProperties: false }
const names = Type.Optional(Type.Array(Type.String()))
const whole = Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }))
const moment = Type.Integer({ minimum: 0, maximum: 8.64e15 })
const id = Type.String({ pattern: '^[0-9A-Za-z]{12}$' })
const rule = { p: Type.Enum([...BUDGET_PERIODS]), soft: Type.Optional(Type.Literal(1)) }

/** Money is a text of nano-units: a number is exact to 2^53 only. */
const WireBudget = Type.Union([
  Type.Object({ a: Type.String({ pattern: '^(0|[1-9][0-9]{0,18})$' }), ...rule }, closed),
  Type.Object({ n: Type.Enum([...UNITS]), q: Type.Number({ minimum: 0 }), ...rule }, closed),
])

type WireBudget = Type.Static<typeof WireBudget>

/** Names are short because the token travels with every request. */
const Wire = Type.Object(
  {
    v: Type.Literal(VERSION),
    id,
    t: id,
    u: Type.String({ minLength: 1 }),
    s: moment,
    iat: moment,
    exp: moment,
    sub: Type.Optional(Type.String({ pattern: END_USER })),
    ops: names,
    models: names,
    origins: names,
    nets: names,
    limits: Type.Optional(
      Type.Object(
        { rpm: whole, tpm: whole, conc: whole, calls: whole, budgets: Type.Optional(Type.Array(WireBudget)) },
        closed,
      ),
    ),
  },
  closed,
)

type Wire = Type.Static<typeof Wire>

const validator = Compile(Wire)

function wireFromBudget(budget: Budget): WireBudget {
  const soft = budget.hard ? {} : { soft: 1 as const }
  return 'unit' in budget
    ? { n: budget.unit, q: budget.quantity, p: budget.period, ...soft }
    : { a: String(budget.amount), p: budget.period, ...soft }
}

function budgetFromWire(budget: WireBudget): Budget {
  const rule = { period: budget.p, hard: budget.soft === undefined }
  return 'a' in budget
    ? { amount: BigInt(budget.a), ...rule }
    : { unit: budget.n, quantity: budget.q, ...rule }
}

/** Claims as the JSON in which a token carries them. */
export function textFromClaims(claims: SessionClaims): string {
  const { endUser, operations, models, origins, networks, limits } = claims
  const { requestsPerMinute: rpm, tokensPerMinute: tpm, concurrency: conc, calls, budgets } = limits
  const limited = { rpm, tpm, conc, calls, budgets: budgets?.map(wireFromBudget) }
  const hasLimits = Object.values(limited).some((value) => value !== undefined)
  // What is undefined is left out by JSON.
  return JSON.stringify({
    v: VERSION,
    id: claims.id,
    t: claims.tokenId,
    u: claims.userId,
    s: claims.userSince,
    iat: claims.issuedAt,
    exp: claims.expiresAt,
    sub: endUser === '' ? undefined : endUser,
    ops: operations ?? undefined,
    models: models ?? undefined,
    origins: origins ?? undefined,
    nets: networks ?? undefined,
    limits: hasLimits ? limited : undefined,
  })
}

function wireFromText(text: string): Wire | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  return validator.Check(value) ? value : null
}

function limitsFromWire({ rpm, tpm, conc, calls, budgets }: NonNullable<Wire['limits']>): SessionLimits {
  return {
    ...(rpm !== undefined && { requestsPerMinute: rpm }),
    ...(tpm !== undefined && { tokensPerMinute: tpm }),
    ...(conc !== undefined && { concurrency: conc }),
    ...(calls !== undefined && { calls }),
    ...(budgets !== undefined && { budgets: budgets.map(budgetFromWire) }),
  }
}

/**
 * The claims that a text stands for.
 * @returns null for what `textFromClaims` never wrote, another version included: a rule that is not understood must not
 * become none
 */
export function claimsFromText(text: string): SessionClaims | null {
  const wire = wireFromText(text)
  if (wire === null || wire.exp <= wire.iat) return null
  return {
    id: wire.id,
    tokenId: wire.t,
    userId: wire.u,
    userSince: wire.s,
    issuedAt: wire.iat,
    expiresAt: wire.exp,
    endUser: wire.sub ?? '',
    operations: wire.ops ?? null,
    models: wire.models ?? null,
    origins: wire.origins ?? null,
    networks: wire.nets ?? null,
    limits: limitsFromWire(wire.limits ?? {}),
  }
}
