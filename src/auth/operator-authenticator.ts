import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'
import { networkTest, type NetworkTest } from '../lib/networks.ts'
import type { Operator, OperatorRole, Store } from '../store/store.ts'
import type { AdminToken } from './admin-token.ts'
import { isSameHash, type TokenHash } from './hash.ts'
import { parseToken } from './token.ts'

/** Who of the operators calls. */
export interface OperatorIdentity {
  readonly id: string
  readonly name: string
  readonly role: OperatorRole
}

/** Whoever holds the admin token of the settings. No change of the store takes that away: nobody can lock the owner out. */
export const OWNER: OperatorIdentity = { id: 'owner', name: 'owner', role: 'owner' }

/** What came of a credential. Why it was refused is for metrics and the log: who sent it is told nothing. */
export type OperatorAttempt =
  | { readonly result: 'ok'; readonly operator: OperatorIdentity }
  | { readonly result: 'invalid' | 'expired' | 'revoked' | 'address'; readonly operator: null }

/** Tells operators by their admin tokens. */
export interface OperatorAuthenticator {
  /**
   * @param address from which it came
   * @throws GatewayError `store_unavailable`; the token of the settings needs no store
   */
  authenticate(candidate: string, address: string): Promise<OperatorAttempt>
  /** Something about operators has changed: it holds from the next request on. */
  forget(): void
}

export interface OperatorAuthenticatorOptions {
  readonly adminToken: Pick<AdminToken, 'matches'>
  readonly store: Pick<Store, 'operators'>
  readonly hash: TokenHash
  /** How admin tokens begin, without the underscore. */
  readonly prefix: string
  readonly clock: Pick<Clock, 'now'>
  /** Told when the last use of a token could not be written down; whoever uses it is let in all the same. Must not throw. */
  readonly onError: (error: unknown) => void
}

/** How long a token is let in without a look at the store: as long as another process's change goes unnoticed. */
const CACHED_MS = 30_000

/** Operators are few: more is a mistake, and the oldest are looked up again. */
const MAX_CACHED = 1_000

/** Between two notes of a token's last use. */
const NOTE_EVERY_MS = 60_000

interface Known {
  readonly operator: Operator
  readonly identity: OperatorIdentity
  readonly isInside: NetworkTest | null
  readonly until: number
}

function refused(result: Exclude<OperatorAttempt['result'], 'ok'>): OperatorAttempt {
  return { result, operator: null }
}

function knownOf(operator: Operator, now: number): Known {
  const { id, name, role, networks } = operator
  return {
    operator,
    identity: { id, name, role },
    isInside: networks === null ? null : networkTest(networks),
    until: now + CACHED_MS,
  }
}

/** What holds for a token that exists. */
function judged({ operator, identity, isInside }: Known, address: string, now: number): OperatorAttempt {
  if (operator.revokedAt !== null) return refused('revoked')
  if (operator.expiresAt !== null && operator.expiresAt <= now) return refused('expired')
  if (isInside !== null && !isInside(address)) return refused('address')
  return { result: 'ok', operator: identity }
}

export function createOperatorAuthenticator(options: OperatorAuthenticatorOptions): OperatorAuthenticator {
  const { adminToken, store, hash, prefix, clock, onError } = options
  const cache = new LRUCache<string, Known>({ max: MAX_CACHED })
  const noted = new LRUCache<string, { readonly at: number; readonly address: string }>({ max: MAX_CACHED })
  let generation = 0

  async function find(candidate: string, now: number): Promise<Known | undefined> {
    // Told apart from users' tokens by its beginning, and from slips and guesses by its checksum.
    if (parseToken(candidate, prefix) === null) return undefined
    const digest = hash(candidate)
    const cached = cache.get(digest)
    if (cached !== undefined && now < cached.until) return cached
    const asked = generation
    const operator = await store.operators.findByHash(digest)
    if (operator === undefined || !isSameHash(operator.hash, digest)) return undefined
    const known = knownOf(operator, now)
    // What was read before a change must not outlive it.
    if (asked === generation) cache.set(digest, known)
    return known
  }

  function note(id: string, address: string, now: number): void {
    const last = noted.get(id)
    if (last?.address === address && now - last.at < NOTE_EVERY_MS) return
    noted.set(id, { at: now, address })
    store.operators.used(id, now, address).catch(onError)
  }

  return {
    async authenticate(candidate, address) {
      // First, and without the store: the owner is let in whatever has become of that.
      if (adminToken.matches(candidate)) return { result: 'ok', operator: OWNER }
      const now = clock.now()
      const known = await find(candidate, now)
      if (known === undefined) return refused('invalid')
      const attempt = judged(known, address, now)
      if (attempt.result === 'ok') note(known.operator.id, address, now)
      return attempt
    },

    forget() {
      generation++
      cache.clear()
    },
  }
}
