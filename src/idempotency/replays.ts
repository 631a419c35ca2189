import { GatewayError, type RefusalCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Earlier, IdempotencyScope, IdempotencyStore, KeptAnswer } from '../store/store.ts'
import { Claim, type Fate } from './claim.ts'
import { MemoryBudget } from './memory.ts'

/** Bytes that answers may take in memory while they are collected, unless said otherwise. */
const MAX_COLLECTED = 256 * 1024 * 1024
/** No call is under way for longer: until then the key of one that has not ended is not free. */
const LONGEST_CALL_MS = 24 * 3_600_000

/** What replays work with. */
export interface ReplaysOptions {
  readonly store: Pick<IdempotencyStore, 'claim' | 'complete' | 'release'>
  readonly clock: Pick<Clock, 'now'>
  /** Of this process, as no other has it: who has the same one and is not under way here has died. */
  readonly ownerId: string
  /** How long an answer is given again, in milliseconds from the end of its call. */
  readonly retentionMs: number
  /** Bytes of the largest answer that is kept. */
  readonly maxAnswer: number
  /** Bytes that all answers may take in memory while they are collected. */
  readonly maxCollected?: number
  /** What became of a key could not be written down. Must not throw. */
  readonly onError: (error: unknown, requestId: string) => void
}

/** What a request with a key gets: the right to be carried out, or the answer of the one before it. */
export type Beginning =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | { readonly kind: 'replay'; readonly answer: KeptAnswer }

/** Sees to it that of requests with the same key one is carried out. */
export interface Replays {
  /**
   * The claim is on disk before it resolves; nothing of the request may be sent, held or counted before.
   * @param bodyHash tells the request from another one under the same key
   * @throws GatewayError `idempotency_…`, or `store_unavailable`
   */
  begin(scope: IdempotencyScope, bodyHash: string, requestId: string): Promise<Beginning>
}

const REFUSALS = {
  unrepeatable: 'idempotency_unrepeatable',
  unknown: 'idempotency_unknown',
} as const satisfies Record<string, RefusalCode>

function refusedStore(error: unknown): GatewayError {
  return error instanceof GatewayError
    ? error
    : new GatewayError('store_unavailable', undefined, { cause: error })
}

/** Claims and answers in a store, for the calls of this process. */
export function createReplays(options: ReplaysOptions): Replays {
  const { store, clock, ownerId, retentionMs, maxAnswer, onError } = options
  const memory = new MemoryBudget(options.maxCollected ?? MAX_COLLECTED)
  /** Requests of this process that hold a key. One that does not and still has a claim could not write down its end. */
  const running = new Set<string>()

  async function settle(scope: IdempotencyScope, requestId: string, fate: Fate): Promise<void> {
    try {
      if (fate === 'release') await store.release(scope, requestId)
      else await store.complete(scope, requestId, fate, clock.now() + retentionMs)
    } catch (error) {
      onError(error, requestId)
    }
    running.delete(requestId)
  }

  async function claimed(
    scope: IdempotencyScope,
    bodyHash: string,
    requestId: string,
  ): Promise<Earlier | null> {
    running.add(requestId)
    try {
      const at = clock.now()
      const expiresAt = at + Math.max(retentionMs, LONGEST_CALL_MS)
      const earlier = await store.claim(scope, { bodyHash, requestId, ownerId, at, expiresAt })
      if (earlier !== null) running.delete(requestId)
      return earlier
    } catch (error) {
      running.delete(requestId)
      throw refusedStore(error)
    }
  }

  function isLost(earlier: Earlier | null): boolean {
    return earlier?.state === 'running' && (earlier.ownerId !== ownerId || !running.has(earlier.requestId))
  }

  return {
    async begin(scope, bodyHash, requestId) {
      let earlier = await claimed(scope, bodyHash, requestId)
      // Its call may have ended between the store's answer and this look at it.
      if (isLost(earlier)) earlier = await claimed(scope, bodyHash, requestId)
      if (earlier === null) {
        const claim = new Claim({
          requestId,
          maxAnswer,
          memory,
          settle: (fate) => settle(scope, requestId, fate),
        })
        return { kind: 'claimed', claim }
      }
      if (earlier.bodyHash !== bodyHash) throw new GatewayError('idempotency_mismatch')
      if (earlier.state === 'done') return { kind: 'replay', answer: earlier.answer }
      if (earlier.state === 'running' && !isLost(earlier)) throw new GatewayError('idempotency_running')
      throw new GatewayError(REFUSALS[earlier.state === 'running' ? 'unknown' : earlier.state])
    },
  }
}
