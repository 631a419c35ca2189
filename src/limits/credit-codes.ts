import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { CreditCode, CreditEntry, CreditStore, Page, PageRequest, Redemption } from '../store/store.ts'
import { Attempts } from './attempts.ts'
import { codeFrom, newCode } from './code-text.ts'

/** Codes to be. */
export interface NewCodes {
  /** Nano-units that each use of a code gives; above 0. */
  readonly amount: bigint
  /** How many users may redeem each of them. */
  readonly uses: number
  /** Milliseconds since the Unix epoch; null: never. */
  readonly expiresAt: number | null
  readonly reason: string
  readonly count: number
}

/** A code that was just made: the only time that its text is known. */
export interface IssuedCode {
  readonly text: string
  readonly record: CreditCode
}

/** Credit for whoever knows the text of a code. */
export interface CodeService {
  createCodes(codes: NewCodes): Promise<readonly IssuedCode[]>
  /** Newest first. */
  listCodes(page: PageRequest): Promise<Page<CreditCode>>
  /** What it gave already stays. Idempotent. @throws GatewayError `not_found` */
  revokeCode(id: string): Promise<CreditCode>
  /**
   * Gives the user what the code is worth, one time.
   * @param text as the user typed it
   * @throws GatewayError `not_found` (no such code, or no such user); `conflict` (expired, revoked, used up, or theirs already);
   * `too_many_failures` after 10 wrong ones within an hour
   */
  redeem(userId: string, text: string): Promise<CreditEntry>
}

/** What codes work with. */
export interface CodeServiceOptions {
  readonly credits: Pick<CreditStore, 'addCode' | 'listCodes' | 'revokeCode' | 'redeem'>
  readonly clock: Clock
  /** A keyed hash: whoever reads the store learns no code from it. */
  readonly hash: (text: string) => string
  /**
   * The moment of an entry for a user: not before they were made, whatever the clock says. Rejects with a GatewayError
   * `not_found`.
   */
  readonly momentOf: (userId: string) => Promise<number>
  /** Told of credit that the store has. */
  readonly credited: (userId: string, amount: bigint) => void
}

const WRONG_CODES = 10
const WINDOW_MS = 3_600_000

/** Tries at an id that is not taken: even with a million codes the second would do. */
const TRIES = 5

const REFUSED: Readonly<Record<Exclude<Redemption['result'], 'redeemed' | 'unknown'>, string>> = {
  expired: 'The code has expired.',
  revoked: 'The code is not valid any more.',
  used_up: 'The code has been used up.',
  already: 'You have redeemed this code already.',
}

const noSuchCode = (): GatewayError => new GatewayError('not_found', 'There is no such code.')

/** Tokens are hashed by the same key: what one hash means must never be what the other means. */
const hashed = (text: string): string => `credit-code ${text}`

/** Codes in a store. */
export function createCodeService(options: CodeServiceOptions): CodeService {
  const { credits, clock, hash, momentOf, credited } = options
  const attempts = new Attempts(clock, WRONG_CODES, WINDOW_MS)

  async function createOne({ amount, uses, expiresAt, reason }: NewCodes): Promise<IssuedCode> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { id, text } = newCode()
      const record: CreditCode = {
        id,
        hash: hash(hashed(text)),
        amount,
        reason,
        uses,
        used: 0,
        createdAt: clock.now(),
        expiresAt,
        revokedAt: null,
      }
      if (await credits.addCode(record)) return { text, record }
    }
    throw new GatewayError('internal')
  }

  function takeTry(userId: string): void {
    const waitMs = attempts.take(userId)
    if (waitMs === 0) return
    throw new GatewayError('too_many_failures', 'Too many wrong codes; try again later.', {
      retryAfter: Math.ceil(waitMs / 1000),
    })
  }

  return {
    async createCodes(codes) {
      const issued: IssuedCode[] = []
      for (let index = 0; index < codes.count; index++) issued.push(await createOne(codes))
      return issued
    },

    listCodes: (page) => credits.listCodes(page),

    async revokeCode(id) {
      const code = await credits.revokeCode(id, clock.now())
      if (code === undefined) throw noSuchCode()
      return code
    },

    async redeem(userId, typed) {
      takeTry(userId)
      const code = codeFrom(typed)
      if (code === undefined) throw noSuchCode()
      const entryId = `code:${code.id}:${userId}`
      const at = await momentOf(userId)
      const done = await credits.redeem(hash(hashed(code.text)), userId, entryId, at)
      if (done.result === 'unknown') throw noSuchCode()
      attempts.giveBack(userId)
      if (done.result !== 'redeemed') throw new GatewayError('conflict', REFUSED[done.result])
      credited(userId, done.entry.amount)
      return done.entry
    },
  }
}
