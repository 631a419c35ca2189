import type { Static } from 'typebox'
import { PlansPage, PlanView } from '../routes/admin/plans.ts'
import { REMOTE, type Arguments, type Command, type OptionName } from './command.ts'
import { UsageError, type Io } from './io.ts'
import { givesLimits, LIMIT_OPTIONS, limitsText, limitsWith, NONE } from './limit-options.ts'
import { printTable } from './table.ts'
import { listFrom } from './tokens.ts'
import { apiFor, prepaidFrom } from './users.ts'

type Plan = Static<typeof PlanView>

const TERMS: readonly OptionName[] = [
  'name',
  'multiplier',
  'operations',
  'models',
  'prepaid',
  'free-credit',
  ...LIMIT_OPTIONS,
]

const pathOf = (id = ''): string => `/admin/v1/plans/${encodeURIComponent(id)}`

function printPlans(io: Io, plans: readonly Plan[]): void {
  printTable(
    io,
    ['ID', 'NAME', 'MULTIPLIER', 'PREPAID', 'FREE CREDIT', 'OPERATIONS', 'MODELS', 'LIMITS'],
    plans.map((plan) => [
      plan.id,
      plan.name ?? '-',
      plan.multiplier ?? '-',
      plan.prepaid ? 'yes' : 'no',
      plan.free_credit,
      plan.operations?.join(',') ?? 'all',
      plan.models?.join(',') ?? 'all',
      limitsText(plan.limits),
    ]),
  )
}

const orNull = (written: string): string | null => (written === NONE ? null : written)

/** What the options say of a plan, but its limits. */
function termsFrom({ options }: Arguments): object {
  const { name, multiplier, operations, models, prepaid, 'free-credit': freeCredit } = options
  const listOrNull = (written: string, option: string) =>
    written === NONE ? null : listFrom(written, option)
  return {
    ...(name !== undefined && { name: orNull(name) }),
    ...(multiplier !== undefined && { multiplier: orNull(multiplier) }),
    ...(operations !== undefined && { operations: listOrNull(operations, 'operations') }),
    ...(models !== undefined && { models: listOrNull(models, 'models') }),
    ...(prepaid !== undefined && { prepaid: prepaidFrom(prepaid) ?? false }),
    ...(freeCredit !== undefined && { free_credit: freeCredit }),
  }
}

const add: Command = {
  words: 'plan add',
  positionals: ['ID'],
  options: [...REMOTE, ...TERMS],
  summary: 'Add a plan: a named set of limits and terms; prints the id',
  async run(args, io) {
    const body = { id: args.positionals[0], ...termsFrom(args), limits: limitsWith({}, args) }
    const plan = await apiFor(args, io).call(PlanView, 'POST', '/admin/v1/plans', body)
    io.out(args.isJson ? JSON.stringify(plan) : plan.id)
    if (!args.isJson) io.err(`Added. Next: user set USER --plan ${plan.id}`)
    return 0
  },
}

const list: Command = {
  words: 'plan list',
  positionals: [],
  options: REMOTE,
  summary: 'List plans, by id',
  async run(args, io) {
    const api = apiFor(args, io)
    const plans = await api.all((query) => api.call(PlansPage, 'GET', `/admin/v1/plans?${query}`))
    if (args.isJson) io.out(JSON.stringify({ items: plans }))
    else printPlans(io, plans)
    return 0
  },
}

const show: Command = {
  words: 'plan show',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Show a plan',
  async run(args, io) {
    const plan = await apiFor(args, io).call(PlanView, 'GET', pathOf(args.positionals[0]))
    if (args.isJson) io.out(JSON.stringify(plan))
    else printPlans(io, [plan])
    return 0
  },
}

const change: Command = {
  words: 'plan change',
  positionals: ['ID'],
  options: [...REMOTE, ...TERMS],
  summary: `Change a plan, from the next request of its users on; what is not named stays, "${NONE}" takes it away`,
  async run(args, io) {
    const terms = termsFrom(args)
    const isLimited = givesLimits(args)
    if (Object.keys(terms).length === 0 && !isLimited)
      throw new UsageError('"plan change" needs something to change, such as --budget 5.00/day')
    if (isLimited) limitsWith({}, args)
    const api = apiFor(args, io)
    const path = pathOf(args.positionals[0])
    const limits = isLimited
      ? { limits: limitsWith((await api.call(PlanView, 'GET', path)).limits, args) }
      : {}
    const plan = await api.call(PlanView, 'PATCH', path, { ...terms, ...limits })
    if (args.isJson) io.out(JSON.stringify(plan))
    else io.err(`${plan.id} is changed. Limits: ${limitsText(plan.limits)}.`)
    return 0
  },
}

const remove: Command = {
  words: 'plan remove',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Remove a plan that no user has',
  async run(args, io) {
    const plan = await apiFor(args, io).call(PlanView, 'DELETE', pathOf(args.positionals[0]))
    if (args.isJson) io.out(JSON.stringify(plan))
    else io.err(`${plan.id} is removed.`)
    return 0
  },
}

/** Commands about plans. */
export const planCommands: readonly Command[] = [add, list, show, change, remove]
