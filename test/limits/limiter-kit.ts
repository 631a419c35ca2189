import { endUserKey } from '../../src/call.ts'
import type { GatewayError } from '../../src/errors.ts'
import type {
  Demand,
  Hold,
  Kept,
  Limiter,
  LimiterEvents,
  LimitKind,
  Notice,
  Owners,
  Settled,
  SpendSource,
  Subject,
  SubjectKind,
} from '../../src/limits/limiter.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Usage } from '../../src/minimax/units.ts'
import type { Limits } from '../../src/store/store.ts'

/** What a limiter is opened with. */
export interface LimiterParts {
  readonly clock: Clock
  readonly timeZone: string
  readonly source: SpendSource
  readonly events: LimiterEvents
}

export type OpenLimiter = (parts: LimiterParts) => Limiter

/** 14 January 2026, 12:00 in UTC, a Wednesday. */
export const NOON = Date.UTC(2026, 0, 14, 12)
export const HOUR = 3_600_000
export const DAY = 24 * HOUR
/** Long before anything. */
export const SINCE = Date.UTC(2025, 0, 1)

/** A row of the books. */
interface Row extends Settled, Owners {}

/** By what name a call counts for a subject of each kind. */
export const OWNER_OF: Readonly<Record<SubjectKind, (owners: Owners) => string>> = {
  user: ({ userId }) => userId,
  token: ({ tokenId }) => tokenId,
  session: ({ sessionId }) => sessionId,
  end_user: ({ userId, endUser }) => endUserKey(userId, endUser),
}

/** What became of a reservation. */
export interface Asked {
  error: GatewayError | null
  hold: Hold | null
  /** How often it was told. */
  told: number
}

type Read = 'answer' | 'wait' | 'fail'

/** Books, clocks and events that a test moves by hand, around one limiter. */
export class LimiterKit implements LimiterParts, Clock, SpendSource, LimiterEvents {
  readonly clock = this
  readonly source = this
  readonly events = this
  readonly timeZone: string
  readonly rows: Row[] = []
  readonly credits = new Map<string, bigint>()
  readonly refusals: LimitKind[] = []
  readonly notices: Notice[] = []
  readonly failures: unknown[] = []
  wall = NOON
  elapsed = 1_000_000
  /** What happens to who reads the books. */
  reads: Read = 'answer'
  /** How often they were read. */
  readCount = 0
  readonly #waiting: ((isAnswered: boolean) => void)[] = []
  #ids = 0

  constructor(timeZone = 'UTC') {
    this.timeZone = timeZone
  }

  now(): number {
    return this.wall
  }

  monotonic(): number {
    return this.elapsed
  }

  pass(ms: number): void {
    this.wall += ms
    this.elapsed += ms
  }

  refused(kind: LimitKind): void {
    this.refusals.push(kind)
  }

  notice(notice: Notice): void {
    this.notices.push(notice)
  }

  failed(error: unknown): void {
    this.failures.push(error)
  }

  /** How many wait for the books. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Lets one or all of those who wait read, or fail. */
  answer(isAnswered: boolean, count = this.#waiting.length): void {
    for (const answer of this.#waiting.splice(0, count)) answer(isAnswered)
  }

  async spent({ kind, id }: Pick<Subject, 'kind' | 'id'>, from: number, to: number) {
    return this.#read(() => {
      const rows = this.rows.filter((row) => OWNER_OF[kind](row) === id && row.at >= from && row.at < to)
      return { charged: rows.reduce((sum, { charged }) => sum + charged, 0n), usage: sumOf(rows) }
    })
  }

  async credit(userId: string): Promise<bigint> {
    return this.#read(() => this.credits.get(userId) ?? 0n)
  }

  /** Reads either when it is asked or when it is answered, as real books may. */
  async #read<T>(read: () => T): Promise<T> {
    this.readCount++
    const early = read()
    if (this.reads === 'fail') throw new Error('the books cannot be read')
    if (this.reads === 'answer') return early
    return new Promise((resolve, reject) => {
      const isLate = this.readCount % 2 === 0
      this.#waiting.push((isAnswered) =>
        isAnswered ? resolve(isLate ? read() : early) : reject(new Error('the books cannot be read')),
      )
    })
  }

  demand(fields: Partial<Demand> = {}): Demand {
    return {
      requestId: `request${this.#ids++}`,
      userId: 'ada',
      tokenId: 'token1',
      sessionId: '',
      endUser: '',
      subjects: [],
      prepaid: false,
      model: 'MiniMax-M3',
      charged: 0n,
      usage: {},
      ...fields,
    }
  }

  reserve(limiter: Limiter, demand: Demand): Asked {
    const asked: Asked = { error: null, hold: null, told: 0 }
    limiter.reserve(demand, (error, hold) => {
      asked.error = error
      asked.hold = hold
      asked.told++
    })
    return asked
  }

  /** Waits until it is told. */
  async ask(limiter: Limiter, demand: Demand): Promise<Asked> {
    return new Promise((resolve) =>
      limiter.reserve(demand, (error, hold) => resolve({ error, hold, told: 1 })),
    )
  }

  /** @returns its hold @throws what refuses it */
  async hold(limiter: Limiter, demand: Demand): Promise<Hold> {
    const { error, hold } = await this.ask(limiter, demand)
    if (hold === null) throw error ?? new Error('neither a hold nor an error')
    return hold
  }

  async extend(hold: Hold, charged: bigint, usage: Usage = {}, model?: string): Promise<string | null> {
    return new Promise((resolve) =>
      hold.extend({ charged, usage, model }, (error) => resolve(error?.code ?? null)),
    )
  }

  /** The books are told, then the limiter. */
  settle(hold: Hold, charged: bigint, usage: Usage = {}, at = this.wall, demand = this.demand()): void {
    const { userId, tokenId, sessionId, endUser } = demand
    this.rows.push({ userId, tokenId, sessionId, endUser, charged, usage, at })
    hold.settle({ charged, usage, at })
  }

  end(limiter: Limiter, kept: Owners & Pick<Kept, 'requestId'>, charged: bigint): void {
    this.rows.push({ ...kept, charged, usage: {}, at: this.wall })
    limiter.end(kept, { charged, usage: {}, at: this.wall })
  }

  credited(limiter: Limiter, userId: string, amount: bigint): void {
    this.credits.set(userId, (this.credits.get(userId) ?? 0n) + amount)
    limiter.credited(userId, amount)
  }
}

function sumOf(rows: readonly Row[]): Usage {
  const sum: Record<string, number> = {}
  for (const { usage } of rows) {
    for (const [unit, quantity] of Object.entries(usage)) sum[unit] = (sum[unit] ?? 0) + quantity
  }
  return sum
}

/** A user with limits. */
export function user(limits: Limits, id = 'ada', since = SINCE): Subject {
  return { kind: 'user', id, since, limits }
}

/** A token with limits. */
export function token(limits: Limits, id = 'token1', since = SINCE): Subject {
  return { kind: 'token', id, since, limits }
}

/** A session of the token with limits. */
export function session(limits: Limits, id = 'session1', since = SINCE): Subject {
  return { kind: 'session', id, since, limits }
}

/** An end user of the user with limits. */
export function endUser(limits: Limits, name = 'eve', since = SINCE, userId = 'ada'): Subject {
  return { kind: 'end_user', id: endUserKey(userId, name), since, limits }
}

/** Lets all promises that can go on do so. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
