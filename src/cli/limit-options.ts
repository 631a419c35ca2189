import { Value } from 'typebox/value'
import { LimitsJson, type LimitsInput } from '../routes/limits-json.ts'
import { BUDGET_PERIODS } from '../store/store.ts'
import { isUnit, UNITS } from '../minimax/units.ts'
import type { Arguments, OptionName } from './command.ts'
import { UsageError } from './io.ts'

/** Options that say limits, wherever limits can be given. */
export const LIMIT_OPTIONS: readonly OptionName[] = [
  'requests-per-minute',
  'tokens-per-minute',
  'concurrency',
  'max-output-tokens',
  'budget',
  'model',
]

/** How a limit is lifted on the command line, whatever the plan says. */
export const NONE = 'none'

/** How a limit of one's own is taken away, so that the plan's counts. */
const PLAN = 'plan'

type Rate = number | null | undefined
type Budgets = NonNullable<LimitsInput['budgets']>
type Budget = Budgets[number]

const RATES = {
  requests_per_minute: 'requests-per-minute',
  tokens_per_minute: 'tokens-per-minute',
  concurrency: 'concurrency',
} as const

function isRateName(name: string): name is keyof typeof RATES {
  return Object.hasOwn(RATES, name)
}

const RATE_NAMES = Object.keys(RATES).filter(isRateName)

function rateFrom(written: string, option: OptionName): Rate {
  if (written === NONE) return null
  if (written === PLAN) return undefined
  if (/^[1-9]\d{0,9}$/.test(written)) return Number(written)
  throw new UsageError(
    `--${option} needs a whole number of at least 1, "${NONE}" or "${PLAN}", not "${written}"`,
  )
}

function isPeriod(word: string): word is Budget['period'] {
  return BUDGET_PERIODS.some((period) => period === word)
}

/** What a budget looks like, for those who wrote another thing. */
const BUDGET = 'write 5.00/day for money, or images:100/month; ":soft" after it lets calls go on'

/**
 * A budget as it is written on the command line: `5.00/day`, `images:100/month`, either with `:soft`.
 * @throws UsageError that names the mistake
 */
export function budgetFrom(written: string): Budget {
  const wrong = (what: string): UsageError => new UsageError(`--budget ${written}: ${what}; ${BUDGET}`)
  const [measure = '', rest, ...more] = written.split('/')
  if (rest === undefined || more.length > 0) throw wrong('it needs one "/" before its period')
  const [period = '', kind, ...others] = rest.split(':')
  if (!isPeriod(period)) throw wrong(`"${period}" is no period: ${BUDGET_PERIODS.join(', ')}`)
  if ((kind !== undefined && kind !== 'soft' && kind !== 'hard') || others.length > 0)
    throw wrong(`behind the period may stand ":soft" or ":hard" alone`)
  const rule = { period, hard: kind !== 'soft' }
  if (!measure.includes(':')) {
    if (!/^\d+(?:\.\d+)?$/.test(measure)) throw wrong(`"${measure}" is no amount of money`)
    return { amount: measure, ...rule }
  }
  const [unit = '', quantity = '', ...excess] = measure.split(':')
  if (!isUnit(unit)) throw wrong(`"${unit}" is no unit: ${UNITS.join(', ')}`)
  if (!/^\d+(?:\.\d+)?$/.test(quantity) || excess.length > 0) throw wrong(`"${quantity}" is no quantity`)
  return { unit, quantity: Number(quantity), ...rule }
}

/** Some of them `undefined`: these are to go. */
interface Change {
  readonly rates: Partial<Record<keyof typeof RATES, Rate>>
  readonly rest: { max_output_tokens?: Rate; budgets?: Budgets | null | undefined }
}

function budgetsFrom(written: string): Budgets | null | undefined {
  if (written === NONE) return null
  if (written === PLAN) return undefined
  return written.split(',').map((one) => budgetFrom(one.trim()))
}

function changeFrom({ options }: Arguments): Change {
  const rates: Change['rates'] = {}
  for (const name of RATE_NAMES) {
    const written = options[RATES[name]]
    if (written !== undefined) rates[name] = rateFrom(written, RATES[name])
  }
  const { 'max-output-tokens': most, budget } = options
  return {
    rates,
    rest: {
      ...(most !== undefined && { max_output_tokens: rateFrom(most, 'max-output-tokens') }),
      ...(budget !== undefined && { budgets: budgetsFrom(budget) }),
    },
  }
}

/** The fields that are set, as limits. @throws UsageError for what is beyond all bounds */
function settled(fields: object): LimitsInput {
  const set: unknown = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  if (Value.Check(LimitsJson, set)) return set
  const place = Value.Errors(LimitsJson, set)[0]?.instancePath.slice(1).replaceAll('/', '.') ?? 'limits'
  throw new UsageError(`${place} is out of range`)
}

function ofModel(limits: LimitsInput, model: string, { rates, rest }: Change): LimitsInput {
  if (Object.keys(rest).length > 0)
    throw new UsageError('--model takes --requests-per-minute, --tokens-per-minute and --concurrency alone')
  const changed = settled({ ...limits.models?.[model], ...rates })
  const others = Object.entries(limits.models ?? {}).filter(([name]) => name !== model)
  const models = Object.fromEntries(
    Object.keys(changed).length === 0 ? others : [...others, [model, changed]],
  )
  const { models: _, ...all } = limits
  return Object.keys(models).length === 0 ? all : { ...all, models }
}

/** @returns whether any limit is given */
export function givesLimits({ options }: Arguments): boolean {
  return LIMIT_OPTIONS.some((name) => options[name] !== undefined)
}

/**
 * Limits with what the options say over them.
 * @param limits as they are now
 * @throws UsageError that names the mistake
 */
export function limitsWith(limits: LimitsInput, args: Arguments): LimitsInput {
  const change = changeFrom(args)
  const { model } = args.options
  if (model === undefined) return settled({ ...limits, ...change.rates, ...change.rest })
  if (Object.keys(change.rates).length === 0 && Object.keys(change.rest).length === 0)
    throw new UsageError('--model needs a rate, such as --requests-per-minute')
  return ofModel(limits, model, change)
}

/** The limits that the options say, for what has none yet; undefined when they say none. */
export function limitsGiven(args: Arguments): LimitsInput | undefined {
  return givesLimits(args) ? limitsWith({}, args) : undefined
}

function ratesText(fields: Readonly<Record<string, number | null>>): string[] {
  return Object.entries(fields).map(([name, value]) => `${name} ${value ?? NONE}`)
}

function budgetText({ amount, unit, quantity, period, hard }: Budget): string {
  const measure = amount ?? `${unit ?? ''}:${String(quantity ?? '')}`
  return `${measure}/${period}${hard === false ? ':soft' : ''}`
}

/** Limits on one line, for a person. */
export function limitsText(limits: LimitsInput | null): string {
  if (limits === null) return '-'
  const { models, budgets, ...rates } = limits
  const parts = [
    ...ratesText(rates),
    ...(budgets === null ? [`budgets ${NONE}`] : (budgets ?? []).map(budgetText)),
    ...(models === null ? [`models ${NONE}`] : []),
    ...Object.entries(models ?? {}).map(([model, ofModel]) => `${model} (${ratesText(ofModel).join(', ')})`),
  ]
  return parts.length === 0 ? '-' : parts.join(', ')
}
