import { Type, type Static } from 'typebox'
import type { PlanService, PlanTerms } from '../../auth/plans.ts'
import type { CreditService } from '../../limits/credit.ts'
import { formatMoney, parseMoney } from '../../lib/money.ts'
import { formatTime } from '../../lib/times.ts'
import type { Plan } from '../../store/store.ts'
import {
  limitsFromJson,
  LimitsJson,
  limitsOrNullFromJson,
  limitsOrNullView,
  limitsView,
} from '../limits-json.ts'
import { changes, makes } from './audit-rule.ts'
import { closed, cursor, limit, line, multiplier, names, next, orNull, textOrNull, time } from './fields.ts'
import { ErrorView } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['plans']

const planId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  description: 'Plan id: a letter or digit, then up to 63 letters, digits or . _ -',
})

const terms = {
  name: Type.Optional(orNull(line(100, 'Name'), 'Name: 1 to 100 characters on one line, or null.')),
  limits: Type.Optional(LimitsJson),
  end_user_limits: Type.Optional(
    orNull(
      LimitsJson,
      'Limits of each end user of its users: an object as limits are. They take the place of all that were set before. Null: none.',
    ),
  ),
  multiplier: Type.Optional(multiplier),
  operations: Type.Optional(
    orNull(
      names(100, ''),
      'Operations that its users may use: a list of names, "modality.*" or "*"; null: all.',
    ),
  ),
  models: Type.Optional(
    orNull(names(200, ''), 'Models that its users may use: a list of exact names; null: all.'),
  ),
  prepaid: Type.Optional(
    Type.Boolean({ description: 'Whether its users spend only credit: true or false.' }),
  ),
  free_credit: Type.Optional(
    Type.String({
      pattern: '^\\d{1,7}(?:\\.\\d{1,9})?$',
      description:
        'Credit that a user who pays ahead gets once, on coming to the plan: a text as "5.00", with up to 9 decimals.',
    }),
  ),
}

const NewPlanBody = Type.Object({ id: planId, ...terms }, closed)
const PlanChangeBody = Type.Object(terms, { ...closed, minProperties: 1 })
const PlanParams = Type.Object({ id: planId }, closed)
const PlansQuery = Type.Object({ limit, cursor }, closed)

const namesOrAll = Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: all.' })

export const PlanView = Type.Object({
  id: Type.String(),
  name: textOrNull,
  limits: LimitsJson,
  end_user_limits: Type.Union([LimitsJson, Type.Null()], { description: 'Of each end user of its users.' }),
  multiplier: Type.Union([Type.String(), Type.Null()], { description: 'Null: as the settings say.' }),
  operations: namesOrAll,
  models: namesOrAll,
  prepaid: Type.Boolean(),
  free_credit: Type.String(),
  created_at: time,
  updated_at: time,
})

export const PlansPage = Type.Object({ items: Type.Array(PlanView), next })

function planView({
  limits,
  endUserLimits,
  operations,
  models,
  freeCredit,
  createdAt,
  updatedAt,
  ...plan
}: Plan) {
  return {
    ...plan,
    limits: limitsView(limits),
    end_user_limits: limitsOrNullView(endUserLimits),
    operations: operations === null ? null : [...operations],
    models: models === null ? null : [...models],
    free_credit: formatMoney(freeCredit),
    created_at: formatTime(createdAt),
    updated_at: formatTime(updatedAt),
  }
}

function termsFrom(body: Static<typeof PlanChangeBody>): PlanTerms {
  const { limits, end_user_limits: ofEndUsers, free_credit: freeCredit, ...rest } = body
  return {
    ...rest,
    ...(limits !== undefined && { limits: limitsFromJson(limits) }),
    ...(ofEndUsers !== undefined && { endUserLimits: limitsOrNullFromJson(ofEndUsers, 'end_user_limits') }),
    ...(freeCredit !== undefined && { freeCredit: parseMoney(freeCredit) }),
  }
}

/** What the routes of plans need. */
export interface PlanRoutesOptions {
  readonly plans: PlanService
  readonly credit: Pick<CreditService, 'joinedAll'>
}

/** Routes that add, show, change and remove plans. */
export function planRoutes(app: AdminServer, { plans, credit }: PlanRoutesOptions): void {
  const showPlan = async (id: string) => planView(await plans.get(id))

  app.post(
    '/v1/plans',
    {
      config: { role: 'operator', audit: makes('plan', showPlan) },
      schema: {
        operationId: 'addPlan',
        summary: 'Add a plan',
        description: 'Users who name it already have it from their next request on.',
        tags,
        body: NewPlanBody,
        response: { 201: PlanView, default: ErrorView },
      },
    },
    async ({ body: { id, ...rest } }, reply) => {
      const plan = await plans.add({ id, ...termsFrom(rest) })
      if (plan.prepaid) await credit.joinedAll(plan)
      return reply.code(201).send(planView(plan))
    },
  )

  app.get(
    '/v1/plans',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listPlans',
        summary: 'List plans, by id',
        tags,
        querystring: PlansQuery,
        response: { 200: PlansPage, default: ErrorView },
      },
    },
    async ({ query: { limit = DEFAULT_LIMIT, cursor } }) => {
      const { items, next } = await plans.list({ limit, cursor })
      return { items: items.map(planView), next }
    },
  )

  app.get(
    '/v1/plans/:id',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getPlan',
        summary: 'Show a plan',
        tags,
        params: PlanParams,
        response: { 200: PlanView, default: ErrorView },
      },
    },
    async ({ params }) => planView(await plans.get(params.id)),
  )

  app.patch(
    '/v1/plans/:id',
    {
      config: { role: 'operator', audit: changes('plan', showPlan) },
      schema: {
        operationId: 'changePlan',
        summary: 'Change a plan',
        description:
          'Holds from the next request of each of its users on. What is left out stays; new limits take the place of all limits of before. Free credit that was given already stays as it was.',
        tags,
        params: PlanParams,
        body: PlanChangeBody,
        response: { 200: PlanView, default: ErrorView },
      },
    },
    async ({ params, body }) => {
      const plan = await plans.update(params.id, termsFrom(body))
      // Whoever pays ahead from now on starts from nothing, not from what they were charged before.
      if (body.prepaid === true) await credit.joinedAll(plan)
      return planView(plan)
    },
  )

  app.delete(
    '/v1/plans/:id',
    {
      config: { role: 'operator', audit: changes('plan', showPlan) },
      schema: {
        operationId: 'removePlan',
        summary: 'Remove a plan that no user has',
        tags,
        params: PlanParams,
        response: { 200: PlanView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const plan = await plans.get(params.id)
      await plans.remove(params.id)
      return planView(plan)
    },
  )
}
