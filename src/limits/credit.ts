import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { randomBase62 } from '../lib/ids.ts'
import type { CreditEntry, LedgerReader, Page, PageRequest, Plan, Store, User } from '../store/store.ts'
import { createCodeService, type CodeService } from './credit-codes.ts'
import { END_OF_TIME } from './book.ts'
import type { Limiter } from './limiter.ts'

/** A change of somebody's credit, by the operator. */
export interface CreditChange {
  /** Nano-units; below 0: credit is taken away. Never 0. */
  readonly amount: bigint
  /** For people to read. */
  readonly reason: string
  /** Of the operator's choice: a change of this id and user is made once. */
  readonly id?: string | undefined
}

/** What users are given to spend. A change is in the store before anybody hears of it. */
export interface CreditService extends CodeService {
  /** @throws GatewayError `not_found` (no such user); `conflict` when the user had a change of this id already */
  add(userId: string, change: CreditChange): Promise<CreditEntry>
  /** Newest first. @throws GatewayError `not_found` */
  list(userId: string, page: PageRequest): Promise<Page<CreditEntry>>
  /**
   * A user was added, or their plan or `prepaid` was changed. Where they pay ahead now they get, once each, a start from
   * nothing and the free credit of their plan. Idempotent.
   */
  joined(user: User, plan: Plan | null): Promise<void>
  /** As `joined`, for all users of a plan. */
  joinedAll(plan: Plan): Promise<void>
}

/** What credit works with. */
export interface CreditServiceOptions {
  readonly store: Pick<Store, 'credits' | 'users' | 'plans'>
  readonly ledger: Pick<LedgerReader, 'spent'>
  readonly limiter: Pick<Limiter, 'credited'>
  readonly clock: Clock
  readonly currency: string
  /** A keyed hash, for codes. */
  readonly hash: (text: string) => string
}

const PAGE = 1_000

/** Whether a user spends only credit: as they themselves have it, else as their plan has it. */
export function isPrepaid(user: Pick<User, 'prepaid'>, plan: Pick<Plan, 'prepaid'> | null): boolean {
  return user.prepaid ?? plan?.prepaid ?? false
}

async function* everyItem<Item>(read: (page: PageRequest) => Promise<Page<Item>>): AsyncGenerator<Item> {
  let cursor: string | undefined
  do {
    const { items, next } = await read({ limit: PAGE, cursor })
    yield* items
    cursor = next ?? undefined
  } while (cursor !== undefined)
}

/** Credit by the operator, by plans and by codes. */
export function createCreditService(options: CreditServiceOptions): CreditService {
  const { store, ledger, limiter, clock, currency, hash } = options
  const { credits, users } = store

  async function userOf(id: string): Promise<User> {
    const user = await users.get(id)
    if (user === undefined) throw new GatewayError('not_found', 'There is no such user.')
    return user
  }

  async function addOnce(entry: CreditEntry): Promise<boolean> {
    const isNew = await credits.add(entry)
    if (isNew) limiter.credited(entry.userId, entry.amount)
    return isNew
  }

  /** Not before the user was made, whatever the clock says: what is older counts as that of an earlier user. */
  const momentOf = ({ createdAt }: User): number => Math.max(createdAt, clock.now())

  /**
   * The entry that lets somebody start from nothing: it makes up for what was charged to their id until now, and takes
   * away what was given to an earlier user of the same id. What they themselves were given stays.
   */
  async function open(user: User): Promise<void> {
    const id = `opening:${user.id}:${user.createdAt}`
    let before = 0n
    for await (const entry of everyItem((page) => credits.list(user.id, page))) {
      if (entry.id === id) return
      if (entry.at < user.createdAt) before += entry.amount
    }
    const at = momentOf(user)
    // As the limiter counts it: whatever the clock says.
    const query = { dimension: 'user' as const, id: user.id, from: -END_OF_TIME, to: END_OF_TIME, currency }
    const { charged } = await ledger.spent(query)
    const reason = 'What had been charged and given before the user paid ahead'
    await addOnce({ id, userId: user.id, amount: charged - before, kind: 'opening', reason, at })
  }

  async function grantFree(user: User, plan: Plan): Promise<void> {
    if (plan.freeCredit === 0n) return
    await addOnce({
      id: `plan:${plan.id}:${user.id}:${user.createdAt}`,
      userId: user.id,
      amount: plan.freeCredit,
      kind: 'plan',
      reason: `Free credit of the plan ${plan.id}`,
      at: momentOf(user),
    })
  }

  async function joined(user: User, plan: Plan | null): Promise<void> {
    if (!isPrepaid(user, plan)) return
    await open(user)
    if (plan !== null) await grantFree(user, plan)
  }

  return {
    ...createCodeService({
      credits,
      clock,
      hash,
      momentOf: async (userId) => momentOf(await userOf(userId)),
      credited: (userId, amount) => limiter.credited(userId, amount),
    }),

    async add(userId, { amount, reason, id }) {
      const user = await userOf(userId)
      const entry: CreditEntry = {
        id: id === undefined ? `crd_${randomBase62(16)}` : `given:${userId}:${id}`,
        userId,
        amount,
        kind: amount > 0n ? 'grant' : 'correction',
        reason,
        at: momentOf(user),
      }
      if (await addOnce(entry)) return entry
      throw new GatewayError('conflict', 'The user has a change of credit with this id already.', {
        path: 'id',
      })
    },

    async list(userId, page) {
      await userOf(userId)
      return await credits.list(userId, page)
    },

    joined,

    async joinedAll(plan) {
      for await (const user of everyItem((page) => users.list(page))) {
        if (user.plan === plan.id) await joined(user, plan)
      }
    },
  }
}
