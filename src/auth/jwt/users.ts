import type { JwtIssuer } from '../../config/jwt-issuers.ts'
import { GatewayError } from '../../errors.ts'
import type { Plan, Store, User } from '../../store/store.ts'
import type { JwtClaims } from './claims.ts'
import { userIdOf } from './names.ts'
import type { NewUser } from '../users.ts'

/** A user whom a token names, as the store has them. */
export interface Holder {
  readonly user: User
  readonly plan: Plan | null
}

export interface JwtUsersOptions {
  readonly store: { readonly users: Pick<Store['users'], 'get'>; readonly plans: Pick<Store['plans'], 'get'> }
  /** Adds a user as the operator would. @throws GatewayError `conflict` */
  readonly add: (user: NewUser) => Promise<User>
  /** What is left of an earlier user of the same id is nobody's; before a user is added. */
  readonly clear: (userId: string) => Promise<void>
  /** Gives a user who was added what their plan gives. */
  readonly joined: (user: User, plan: Plan | null) => Promise<void>
  /** The names of all issuers. */
  readonly names: readonly string[]
  /** Told of a user who was made, and of one who was not because there is no such plan. */
  readonly onMade: (issuer: JwtIssuer, user: User) => void
  readonly onNoPlan: (issuer: JwtIssuer) => void
}

/** Finds the users whom tokens name, and makes them where an issuer may. */
export class JwtUsers {
  readonly #options: JwtUsersOptions
  /** By id: of many first calls at once, one makes the user. */
  readonly #underway = new Map<string, Promise<void>>()

  constructor(options: JwtUsersOptions) {
    this.#options = options
  }

  /** @throws GatewayError `user_not_known`; what the store throws */
  async find(issuer: JwtIssuer, claims: JwtClaims): Promise<Holder> {
    const id = issuer.user ?? userIdOf(issuer, claims.user, this.#options.names)
    const found = await this.#read(id)
    if (found !== null) return found
    if (issuer.createsUsers) await this.#makeOnce(id, issuer, claims)
    const made = issuer.createsUsers ? await this.#read(id) : null
    if (made === null) throw new GatewayError('user_not_known')
    return made
  }

  async #read(id: string): Promise<Holder | null> {
    const { users, plans } = this.#options.store
    const user = await users.get(id)
    if (user === undefined) return null
    return { user, plan: user.plan === null ? null : ((await plans.get(user.plan)) ?? null) }
  }

  #makeOnce(id: string, issuer: JwtIssuer, claims: JwtClaims): Promise<void> {
    const shared = this.#underway.get(id)
    if (shared !== undefined) return shared
    const started = this.#make(id, issuer, claims).finally(() => this.#underway.delete(id))
    this.#underway.set(id, started)
    return started
  }

  async #make(id: string, issuer: JwtIssuer, { name, email, plan: claimed }: JwtClaims): Promise<void> {
    const plan = await this.#planOf(claimed, issuer)
    await this.#options.clear(id)
    const user = await this.#add({ id, name, email, plan: plan.id })
    if (user === null) return
    await this.#options.joined(user, plan)
    this.#options.onMade(issuer, user)
  }

  /** The plan that the claim names, or else the issuer's own. A user without any would be limited by nothing. */
  async #planOf(claimed: string | null, issuer: JwtIssuer): Promise<Plan> {
    for (const id of [claimed, issuer.plan]) {
      const plan = id === null ? undefined : await this.#options.store.plans.get(id)
      if (plan !== undefined) return plan
    }
    this.#options.onNoPlan(issuer)
    throw new GatewayError('user_not_known')
  }

  /** @returns null when somebody has made the user meanwhile, or calls of an earlier one still go on */
  async #add(user: NewUser): Promise<User | null> {
    try {
      return await this.#options.add(user)
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'conflict') return null
      throw error
    }
  }
}
