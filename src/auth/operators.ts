import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Operator, OperatorRole, Store } from '../store/store.ts'
import type { TokenHash } from './hash.ts'
import type { OperatorAuthenticator } from './operator-authenticator.ts'
import { newToken } from './token.ts'

/** What a new admin token is for. */
export interface OperatorRules {
  readonly name: string
  readonly role: OperatorRole
  /** Milliseconds from now; left out: it does not expire. */
  readonly expiresInMs?: number | undefined
  /** Networks (CIDR) from which alone it may be used. */
  readonly networks?: readonly string[] | null | undefined
}

/** An admin token that was just made: the only time that its text is known. */
export interface IssuedOperator {
  readonly token: string
  readonly record: Operator
}

/** Issues admin tokens and ends them. A change is in the store before anybody hears of it. */
export interface OperatorService {
  /** @throws GatewayError `invalid_request` */
  create(rules: OperatorRules): Promise<IssuedOperator>
  /** @throws GatewayError `not_found` */
  get(id: string): Promise<Operator>
  /** Holds from the next request on. Idempotent. @throws GatewayError `not_found` */
  revoke(id: string): Promise<Operator>
  /**
   * Puts a token of the same name and role in its place. A lifetime starts anew; the old token ends after the grace, or at
   * its own expiry if that is sooner.
   * @throws GatewayError `not_found`; `conflict` when it is revoked, expired or replaced already
   */
  rotate(id: string, graceMs?: number): Promise<IssuedOperator>
}

export interface OperatorServiceOptions {
  readonly store: Pick<Store, 'operators'>
  readonly hash: TokenHash
  /** How admin tokens begin, without the underscore; users' tokens begin otherwise. */
  readonly prefix: string
  readonly clock: Pick<Clock, 'now'>
  readonly authenticator: Pick<OperatorAuthenticator, 'forget'>
}

function noSuchOperator(): GatewayError {
  return new GatewayError('not_found', 'There is no such operator.')
}

function outOfRange(path: string): GatewayError {
  return new GatewayError('invalid_request', `${path} is out of range.`, { path })
}

/** How the tokens of operators begin. @param tokenPrefix how those of users do */
export const operatorPrefix = (tokenPrefix: string): string => `${tokenPrefix}o`

export function createOperatorService(options: OperatorServiceOptions): OperatorService {
  const { store, hash, prefix, clock, authenticator } = options

  /** The time so many milliseconds from now; beyond what a date can say is refused, not stored. */
  function timeAfter(now: number, milliseconds: number, path: string): number {
    const time = now + milliseconds
    if (!(milliseconds >= 0) || Number.isNaN(new Date(time).getTime())) throw outOfRange(path)
    return time
  }

  function draft(fields: Pick<Operator, 'name' | 'role' | 'networks' | 'createdAt' | 'expiresAt'>) {
    const { id, text } = newToken(prefix)
    const unused = { revokedAt: null, replacedBy: null, lastUsedAt: null, lastUsedAddress: null }
    return { token: text, record: { ...fields, id, hash: hash(text), ...unused } }
  }

  return {
    async create({ name, role, expiresInMs, networks = null }) {
      const createdAt = clock.now()
      if (expiresInMs === 0) throw outOfRange('expires_in')
      const expiresAt = expiresInMs === undefined ? null : timeAfter(createdAt, expiresInMs, 'expires_in')
      const issued = draft({ name, role, networks, createdAt, expiresAt })
      if (!(await store.operators.add(issued.record))) throw new GatewayError('internal')
      return issued
    },

    async get(id) {
      const operator = await store.operators.get(id)
      if (operator === undefined) throw noSuchOperator()
      return operator
    },

    async revoke(id) {
      const operator = await store.operators.revoke(id, clock.now())
      if (operator === undefined) throw noSuchOperator()
      authenticator.forget()
      return operator
    },

    async rotate(id, graceMs = 0) {
      const now = clock.now()
      const endsAt = timeAfter(now, graceMs, 'grace')
      const old = await store.operators.get(id)
      if (old === undefined) throw noSuchOperator()
      const { name, role, networks } = old
      const expiresAt = old.expiresAt === null ? null : now + (old.expiresAt - old.createdAt)
      const issued = draft({ name, role, networks, createdAt: now, expiresAt })
      if ((await store.operators.rotate(id, issued.record, endsAt, now)) === undefined)
        throw new GatewayError('conflict', 'The token is revoked, expired or replaced already.')
      authenticator.forget()
      return issued
    },
  }
}
