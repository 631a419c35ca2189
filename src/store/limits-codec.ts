import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { UNITS } from '../minimax/units.ts'
import { BUDGET_PERIODS, type Budget, type Limits } from './plans.ts'

/**
 * Limits as they are stored: JSON in which amounts of money are decimal texts, since a number is exact to 2^53 only.
 * Nothing that is unknown is let through, in either direction: a limit that cannot be read must not become none.
 */

const Ceiling = Type.Optional(
  Type.Union([Type.Null(), Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })]),
)

const RATES = { requestsPerMinute: Ceiling, tokensPerMinute: Ceiling, concurrency: Ceiling }

const RULE = { period: Type.Enum([...BUDGET_PERIODS]), hard: Type.Boolean() }

const StoredBudget = Type.Union([
  Type.Object(
    { ...RULE, amount: Type.String({ pattern: '^(0|[1-9][0-9]{0,18})$' }) },
    { additionalProperties: false },
  ),
  Type.Object(
    { ...RULE, unit: Type.Enum([...UNITS]), quantity: Type.Number({ minimum: 0 }) },
    { additionalProperties: false },
  ),
])

type StoredBudget = Type.Static<typeof StoredBudget>

const StoredLimits = Type.Object(
  {
    ...RATES,
    budgets: Type.Optional(Type.Union([Type.Null(), Type.Array(StoredBudget)])),
    models: Type.Optional(
      Type.Union([
        Type.Null(),
        Type.Record(Type.String(), Type.Object(RATES, { additionalProperties: false })),
      ]),
    ),
    maxOutputTokens: Ceiling,
  },
  { additionalProperties: false },
)

function storedFromBudget(budget: Budget): StoredBudget {
  return 'amount' in budget ? { ...budget, amount: String(budget.amount) } : { ...budget }
}

function budgetFromStored(budget: StoredBudget): Budget {
  return 'amount' in budget ? { ...budget, amount: BigInt(budget.amount) } : budget
}

/**
 * Limits as the text that is stored.
 * @throws TypeError for limits that could not be read again
 */
export function textFromLimits(limits: Limits): string {
  const { budgets, ...rest } = limits
  const stored: unknown = budgets ? { ...rest, budgets: budgets.map(storedFromBudget) } : limits
  // Before it is text: JSON writes what is not a number as null, which would lift the limit.
  if (!Value.Check(StoredLimits, stored)) throw new TypeError('these limits cannot be stored')
  return JSON.stringify(stored)
}

/**
 * The limits that a text of `textFromLimits` stands for.
 * @throws TypeError (or SyntaxError) for any other text
 */
export function limitsFromText(text: string): Limits {
  const stored: unknown = JSON.parse(text)
  if (!Value.Check(StoredLimits, stored)) {
    const [problem] = Value.Errors(StoredLimits, stored)
    throw new TypeError(`limits in the database are damaged at "${problem?.instancePath ?? ''}"`)
  }
  const { budgets, ...rest } = stored
  if (budgets === undefined) return rest
  return { ...rest, budgets: budgets === null ? null : budgets.map(budgetFromStored) }
}
