import { Type, type Static } from 'typebox'
import { GatewayError } from '../errors.ts'
import { formatMoney, parseMoney } from '../lib/money.ts'
import { FRACTIONAL_UNITS, UNITS } from '../minimax/units.ts'
import { BUDGET_PERIODS, type Budget, type Limits, type Rates } from '../store/store.ts'

/** The most that a rate may be: beyond it, none is meant. */
const MOST = 1_000_000_000

const closed = { additionalProperties: false }

const rate = (what: string) =>
  Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: MOST }), Type.Null()], {
      description: `${what}: a whole number from 1 to ${MOST}, or null for no limit, whatever the plan says.`,
    }),
  )

const rateFields = {
  requests_per_minute: rate('Requests a minute'),
  tokens_per_minute: rate('Tokens a minute'),
  concurrency: rate('Calls under way at a time'),
}

const BudgetJson = Type.Object(
  {
    amount: Type.Optional(
      Type.String({
        pattern: '^\\d{1,9}(?:\\.\\d{1,9})?$',
        description: 'Money in the currency of the gateway: a text as "12.50", with up to 9 decimals.',
      }),
    ),
    unit: Type.Optional(
      Type.Enum([...UNITS], {
        description: `One of ${UNITS.join(', ')}. A unit counts calls that are billed in it: requests only those with a price by the call.`,
      }),
    ),
    quantity: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1_000_000_000_000,
        description: 'How much of the unit: a whole number; seconds may have up to 3 decimals.',
      }),
    ),
    period: Type.Enum([...BUDGET_PERIODS], { description: `One of ${BUDGET_PERIODS.join(', ')}.` }),
    hard: Type.Optional(
      Type.Boolean({
        description:
          'Whether calls beyond it are refused (true, unless said) or go on and raise a notice: true or false.',
      }),
    ),
  },
  {
    ...closed,
    description:
      'A budget, e.g. {"amount": "12.50", "period": "month"} or {"unit": "images", "quantity": 100, "period": "day"}.',
  },
)

const LIMITS =
  'Limits: an object of requests_per_minute, tokens_per_minute, concurrency, max_output_tokens, models and budgets.'

/** Limits as they are written in JSON, and shown. */
export const LimitsJson = Type.Object(
  {
    ...rateFields,
    max_output_tokens: rate('Tokens that a chat call without a maximum is taken to write at the most'),
    models: Type.Optional(
      Type.Union(
        [
          Type.Record(
            Type.String({ pattern: '^[^\\u0000-\\u0020\\u007f-\\u009f\\u2028\\u2029]{1,200}$' }),
            Type.Object(rateFields, {
              ...closed,
              description: 'Limits of one model: requests_per_minute, tokens_per_minute, concurrency.',
            }),
            { ...closed, maxProperties: 200 },
          ),
          Type.Null(),
        ],
        {
          description:
            'Limits by the exact name of a model, beside those on all: an object, or null for none.',
        },
      ),
    ),
    budgets: Type.Optional(
      Type.Union([Type.Array(BudgetJson, { maxItems: 20 }), Type.Null()], {
        description: 'Budgets, all of which count: a list of up to 20, or null for none.',
      }),
    ),
  },
  { ...closed, description: LIMITS },
)

/** Limits that may be taken away. */
export const LimitsOrNull = Type.Union([LimitsJson, Type.Null()], {
  description: `${LIMITS} They take the place of all that were set before. Null: none.`,
})

export type LimitsInput = Static<typeof LimitsJson>
type BudgetInput = Static<typeof BudgetJson>
type RatesInput = Pick<LimitsInput, 'requests_per_minute' | 'tokens_per_minute' | 'concurrency'>

function wrong(path: string, message: string): GatewayError {
  return new GatewayError('invalid_request', message, { path })
}

function hasDecimals(quantity: number, decimals: number): boolean {
  return Number.isInteger(Number((quantity * 10 ** decimals).toFixed(6)))
}

function budgetFromJson({ amount, unit, quantity, period, hard = true }: BudgetInput, path: string): Budget {
  if (amount !== undefined) {
    if (unit === undefined && quantity === undefined) return { amount: parseMoney(amount), period, hard }
    throw wrong(path, `"${path}" has an amount of money and a quantity of a unit: give one of the two.`)
  }
  if (unit === undefined || quantity === undefined)
    throw wrong(path, `"${path}" needs either "amount", or "unit" and "quantity".`)
  const decimals = FRACTIONAL_UNITS.has(unit) ? 3 : 0
  if (!hasDecimals(quantity, decimals))
    throw wrong(
      `${path}.quantity`,
      `"${path}.quantity" may have ${decimals} decimals: ${unit} are counted so.`,
    )
  return { unit, quantity, period, hard }
}

/** What a budget counts, and how: two of the same are a slip. */
function kindOf(budget: Budget): string {
  return `${'unit' in budget ? budget.unit : 'money'} ${budget.period} ${String(budget.hard)}`
}

function budgetsFromJson(inputs: readonly BudgetInput[], path: string): readonly Budget[] {
  const budgets = inputs.map((input, index) => budgetFromJson(input, `${path}[${index}]`))
  const kinds = budgets.map(kindOf)
  const again = kinds.findIndex((kind, index) => kinds.indexOf(kind) < index)
  if (again >= 0)
    throw wrong(`${path}[${again}]`, `"${path}[${again}]" counts the same as another budget of the list.`)
  return budgets
}

function ratesFromJson(input: RatesInput): Rates {
  const { requests_per_minute: requestsPerMinute, tokens_per_minute: tokensPerMinute, concurrency } = input
  return {
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    ...(tokensPerMinute !== undefined && { tokensPerMinute }),
    ...(concurrency !== undefined && { concurrency }),
  }
}

/**
 * Limits out of a body that fits the schema.
 * @param path where they stand in the body, for errors
 * @throws GatewayError `invalid_request` for what the schema cannot say: a budget of neither or both, or one said twice
 */
export function limitsFromJson(input: LimitsInput, path = 'limits'): Limits {
  const { max_output_tokens: maxOutputTokens, models, budgets } = input
  return {
    ...ratesFromJson(input),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(models !== undefined && {
      models:
        models === null
          ? null
          : Object.fromEntries(Object.entries(models).map(([name, rates]) => [name, ratesFromJson(rates)])),
    }),
    ...(budgets !== undefined && {
      budgets: budgets === null ? null : budgetsFromJson(budgets, `${path}.budgets`),
    }),
  }
}

/** As `limitsFromJson`, where they may be left out or taken away. */
export function limitsOrNullFromJson(
  input: LimitsInput | null | undefined,
  path = 'limits',
): Limits | null | undefined {
  return input === null || input === undefined ? input : limitsFromJson(input, path)
}

function ratesView({ requestsPerMinute, tokensPerMinute, concurrency }: Rates): RatesInput {
  return {
    ...(requestsPerMinute !== undefined && { requests_per_minute: requestsPerMinute }),
    ...(tokensPerMinute !== undefined && { tokens_per_minute: tokensPerMinute }),
    ...(concurrency !== undefined && { concurrency }),
  }
}

function budgetView(budget: Budget): BudgetInput {
  const { period, hard } = budget
  return 'unit' in budget
    ? { unit: budget.unit, quantity: budget.quantity, period, hard }
    : { amount: formatMoney(budget.amount), period, hard }
}

/** Limits as JSON shows them: what is not set is left out. */
export function limitsView(limits: Limits): LimitsInput {
  const { maxOutputTokens, models, budgets } = limits
  return {
    ...ratesView(limits),
    ...(maxOutputTokens !== undefined && { max_output_tokens: maxOutputTokens }),
    ...(models !== undefined && {
      models:
        models === null
          ? null
          : Object.fromEntries(Object.entries(models).map(([name, rates]) => [name, ratesView(rates)])),
    }),
    ...(budgets !== undefined && { budgets: budgets === null ? null : budgets.map(budgetView) }),
  }
}

/** As `limitsView`, where there may be none. */
export function limitsOrNullView(limits: Limits | null): LimitsInput | null {
  return limits === null ? null : limitsView(limits)
}
