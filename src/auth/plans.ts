import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Limits, Page, PageRequest, Plan, Store } from '../store/store.ts'
import type { Authenticator } from './authenticator.ts'
import { checkOperationPatterns } from './rules.ts'

/** What a plan says; what is left out limits nothing and gives nothing. */
export interface PlanTerms {
  readonly name?: string | null | undefined
  readonly limits?: Limits | undefined
  /** Of each end user of its users. */
  readonly endUserLimits?: Limits | null | undefined
  /** What its users pay, as a multiple of the list price: a decimal text. */
  readonly multiplier?: string | null | undefined
  /** Names, `modality.*` or `*`. */
  readonly operations?: readonly string[] | null | undefined
  readonly models?: readonly string[] | null | undefined
  readonly prepaid?: boolean | undefined
  /** Nano-units, at least 0. */
  readonly freeCredit?: bigint | undefined
}

/** A plan to be. */
export interface NewPlan extends PlanTerms {
  readonly id: string
}

/** Plans and what follows from a change of them: it holds from the next request of each of their users on. */
export interface PlanService {
  /** Users may name it already. @throws GatewayError `conflict` when the id is taken; `invalid_request` */
  add(plan: NewPlan): Promise<Plan>
  /** @throws GatewayError `not_found` */
  get(id: string): Promise<Plan>
  /** By id. @throws GatewayError `invalid_query` for a cursor that is not ours */
  list(page: PageRequest): Promise<Page<Plan>>
  /** What is left out stays. @throws GatewayError `not_found`, `invalid_request` */
  update(id: string, change: PlanTerms): Promise<Plan>
  /** @throws GatewayError `not_found`; `conflict` while a user has it */
  remove(id: string): Promise<void>
}

function noSuchPlan(): GatewayError {
  return new GatewayError('not_found', 'There is no such plan.')
}

/** Plans in a store. */
export function createPlanService({
  store,
  clock,
  authenticator,
  operations: known,
}: {
  readonly store: Pick<Store, 'plans'>
  readonly clock: Clock
  readonly authenticator: Pick<Authenticator, 'refreshPlan'>
  /** The names of all operations, against which patterns are checked. */
  readonly operations: readonly string[]
}): PlanService {
  function checkTerms({ operations, freeCredit = 0n }: PlanTerms): void {
    if (operations) checkOperationPatterns(operations, known)
    if (freeCredit < 0n) {
      throw new GatewayError('invalid_request', 'Credit is at least 0.', { path: 'free_credit' })
    }
  }

  return {
    async add(terms) {
      checkTerms(terms)
      const {
        id,
        name = null,
        limits = {},
        endUserLimits = null,
        multiplier = null,
        operations = null,
        models = null,
      } = terms
      const { prepaid = false, freeCredit = 0n } = terms
      const rules = { name, limits, endUserLimits, multiplier, operations, models, prepaid, freeCredit }
      const now = clock.now()
      const plan: Plan = { id, ...rules, createdAt: now, updatedAt: now }
      if (!(await store.plans.add(plan))) {
        throw new GatewayError('conflict', 'There is a plan with this id already.', { path: 'id' })
      }
      authenticator.refreshPlan(id)
      return plan
    },

    async get(id) {
      const plan = await store.plans.get(id)
      if (plan === undefined) throw noSuchPlan()
      return plan
    },

    list: (page) => store.plans.list(page),

    async update(id, terms) {
      checkTerms(terms)
      const { name, limits, endUserLimits, multiplier, operations, models, prepaid, freeCredit } = terms
      const change = {
        ...(name !== undefined && { name }),
        ...(limits !== undefined && { limits }),
        ...(endUserLimits !== undefined && { endUserLimits }),
        ...(multiplier !== undefined && { multiplier }),
        ...(operations !== undefined && { operations }),
        ...(models !== undefined && { models }),
        ...(prepaid !== undefined && { prepaid }),
        ...(freeCredit !== undefined && { freeCredit }),
      }
      const plan = await store.plans.update(id, change, clock.now())
      if (plan === undefined) throw noSuchPlan()
      authenticator.refreshPlan(id)
      return plan
    },

    async remove(id) {
      const result = await store.plans.remove(id)
      if (result === 'missing') throw noSuchPlan()
      if (result === 'in_use') throw new GatewayError('conflict', 'There are users with this plan.')
      authenticator.refreshPlan(id)
    },
  }
}
