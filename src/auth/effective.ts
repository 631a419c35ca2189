import type { Limits, Plan, Rates, Token, User } from '../store/store.ts'
import type { Identity, LimitedSubject } from './identity.ts'
import { placeRule, type PageOrigins } from './place.ts'
import { nameRule, operationRule } from './rules.ts'

const RATES = ['requestsPerMinute', 'tokensPerMinute', 'concurrency'] as const

const NO_ORIGINS: PageOrigins = new Set()

type ModelLimits = NonNullable<Limits['models']>

/** What the own limits say counts, null included; what they leave out is as in the plan. */
function over<Value>(plan: Value | null | undefined, own: Value | null | undefined): Value | null {
  return (own === undefined ? plan : own) ?? null
}

function ratesInForce(plan: Rates | null, own: Rates | null): Rates {
  const inForce: { -readonly [Name in keyof Rates]: Rates[Name] } = {}
  for (const name of RATES) {
    const rate = over(plan?.[name], own?.[name])
    if (rate !== null) inForce[name] = rate
  }
  return inForce
}

function modelsInForce(models: ModelLimits | null): ModelLimits | null {
  const limited = Object.entries(models ?? {})
    .map(([model, rates]) => [model, ratesInForce(null, rates)] as const)
    .filter(([, rates]) => isLimiting(rates))
  return limited.length === 0 ? null : Object.fromEntries(limited)
}

/** Whether limits in force limit anything. */
export function isLimiting(limits: Limits): boolean {
  return Object.keys(limits).length > 0
}

/**
 * The limits of a plan with somebody's own over them, field by field: null lifts the plan's, what is left out inherits
 * it. Budgets and models are replaced as a whole.
 * @returns only what limits something
 */
export function limitsInForce(plan: Limits | null, own: Limits | null): Limits {
  const budgets = over(plan?.budgets, own?.budgets)
  const models = modelsInForce(over(plan?.models, own?.models))
  const maxOutputTokens = over(plan?.maxOutputTokens, own?.maxOutputTokens)
  return {
    ...ratesInForce(plan, own),
    ...(budgets !== null && budgets.length > 0 && { budgets }),
    ...(models !== null && { models }),
    ...(maxOutputTokens !== null && { maxOutputTokens }),
  }
}

/** Both have to let it pass; where one has no rule, the other is asked alone. */
function bothRules(
  make: (names: readonly string[] | null) => (name: string) => boolean,
  plan: readonly string[] | null,
  token: readonly string[] | null,
): (name: string) => boolean {
  if (plan === null || token === null) return make(plan ?? token)
  const [planRule, tokenRule] = [make(plan), make(token)]
  return (name) => planRule(name) && tokenRule(name)
}

/**
 * Limits in force, with a slow-down counted in.
 * @param rate requests a minute; null: it is not slowed down
 */
export function slowedDown(limits: Limits, rate: number | null): Limits {
  if (rate === null) return limits
  return { ...limits, requestsPerMinute: Math.min(rate, limits.requestsPerMinute ?? rate) }
}

/** Whoever a call counts for; nobody where nothing is limited. */
function limitedSubjects(
  token: Token,
  user: User,
  plan: Plan | null,
  isPrepaid: boolean,
  throttledTo: number | null,
): LimitedSubject[] {
  const ofUser = limitsInForce(plan?.limits ?? null, user.limits)
  const ofToken = slowedDown(limitsInForce(null, token.limits), throttledTo)
  const subjects: LimitedSubject[] = []
  if (isPrepaid || isLimiting(ofUser)) {
    subjects.push({ kind: 'user', id: user.id, since: user.createdAt, limits: ofUser })
  }
  if (isLimiting(ofToken)) {
    subjects.push({ kind: 'token', id: token.id, since: token.createdAt, limits: ofToken })
  }
  return subjects
}

/**
 * Who calls and what holds for them, out of what the store says.
 * @param plan the user's; null: they have none, or there is no such plan
 * @param everybodys web origins that the operator lets in with any token
 * @param throttledTo requests a minute to which the token is slowed down, whatever its limits are; null: it is not
 */
export function identityFrom(
  token: Token,
  user: User,
  plan: Plan | null,
  everybodys: PageOrigins = NO_ORIGINS,
  throttledTo: number | null = null,
): Identity {
  const prepaid = user.prepaid ?? plan?.prepaid ?? false
  return Object.freeze({
    userId: user.id,
    userSince: user.createdAt,
    tokenId: token.id,
    kind: token.kind,
    sessionId: '',
    endUser: '',
    plan: user.plan,
    multiplier: user.multiplier,
    planMultiplier: plan?.multiplier ?? null,
    limited: limitedSubjects(token, user, plan, prepaid, throttledTo),
    prepaid,
    endUserLimits: limitsInForce(plan?.endUserLimits ?? null, user.endUserLimits),
    expiresAt: token.expiresAt ?? Infinity,
    mayUseOperation: bothRules(operationRule, plan?.operations ?? null, token.operations),
    mayUseModel: bothRules(nameRule, plan?.models ?? null, token.models),
    origins: token.origins,
    refusalFrom: placeRule(token.networks, token.origins, everybodys),
  })
}
