import { GatewayError } from '../errors.ts'
import type { Demand, Hold, Limiter, LimiterEvents, More, Standing, Subject } from './limiter.ts'

/** What counts the calls of sessions that may make so many in all. */
export interface SessionCallsOptions {
  /** Keeps all other limits. */
  readonly limiter: Limiter
  /** How many calls of a session are in the books, open ones included. */
  readonly callsOf: (sessionId: string) => Promise<number>
  readonly events: Pick<LimiterEvents, 'refused' | 'failed'>
  /** How many sessions are remembered when nothing of theirs is under way. */
  readonly maxSessions?: number
}

type Done = (error: GatewayError | null, hold: Hold | null) => void

const MOST_SESSIONS = 100_000

/** A session with a limit of its calls. */
type Counted = Pick<Subject, 'kind' | 'id'> & { readonly calls: number }

/** The calls of one session. */
class Count {
  /** Those that are over and were made; undefined: the books were not asked yet. */
  made: number | undefined
  underWay = 0
  reading: Promise<number> | null = null
}

/** Counts the end of a call once, whichever way it comes. */
class CountedHold implements Hold {
  readonly #hold: Hold
  readonly #count: Count
  #isOver = false

  constructor(hold: Hold, count: Count) {
    this.#hold = hold
    this.#count = count
  }

  get rates(): Hold['rates'] {
    return this.#hold.rates
  }

  extend(most: More, done: (error: GatewayError | null) => void): void {
    this.#hold.extend(most, done)
  }

  settle(settled: Parameters<Hold['settle']>[0]): void {
    this.#end(1)
    this.#hold.settle(settled)
  }

  release(isRefunded: boolean): void {
    this.#end(0)
    this.#hold.release(isRefunded)
  }

  keep(most: Parameters<Hold['keep']>[0]): void {
    this.#end(1)
    this.#hold.keep(most)
  }

  #end(made: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#count.underWay--
    this.#count.made = (this.#count.made ?? 0) + made
  }
}

function countedOf({ subjects }: Pick<Demand, 'subjects'>): Counted | undefined {
  for (const { kind, id, calls } of subjects) if (calls !== undefined) return { kind, id, calls }
  return undefined
}

/**
 * A limiter that also keeps sessions within their number of calls. Budgets cannot: they count what MiniMax bills, and
 * most calls are not billed by the call. A call counts from the moment at which it may go, so that of any number at once
 * no more go than may; it counts no more where it was never made. A process that starts anew learns the number from the
 * books, where calls that MiniMax refused stand too: it can be stricter than the one before it, never laxer.
 */
export class SessionCalls implements Limiter {
  readonly #options: SessionCallsOptions
  readonly #limiter: Limiter
  /** The one that was used the longest ago first. */
  readonly #counts = new Map<string, Count>()

  constructor(options: SessionCallsOptions) {
    this.#options = options
    this.#limiter = options.limiter
  }

  get held(): bigint {
    return this.#limiter.held
  }

  get holds(): number {
    return this.#limiter.holds
  }

  reserve(demand: Demand, done: Done): void {
    const counted = demand.sessionId === '' || demand.isAnsweredHere === true ? undefined : countedOf(demand)
    if (counted === undefined) {
      this.#limiter.reserve(demand, done)
      return
    }
    const count = this.#countOf(counted.id)
    if (count.made !== undefined) {
      this.#take(counted, count, count.made, demand, done)
      return
    }
    this.#load(counted.id, count).then(
      () => this.#take(counted, count, count.made ?? 0, demand, done),
      (error: unknown) => {
        this.#options.events.failed(error)
        done(new GatewayError('store_unavailable', undefined, { cause: error }), null)
      },
    )
  }

  #take(counted: Counted, count: Count, made: number, demand: Demand, done: Done): void {
    const { calls } = counted
    if (made + count.underWay >= calls) {
      this.#options.events.refused('budget')
      const detail = `The limit of this session is ${calls} calls in all, and ${made} are made and ${count.underWay} under way.`
      done(new GatewayError('budget_exceeded', detail), null)
      return
    }
    count.underWay++
    this.#limiter.reserve(demand, (error, hold) => {
      if (hold === null) count.underWay--
      done(error, hold === null ? null : new CountedHold(hold, count))
    })
  }

  #countOf(id: string): Count {
    const count = this.#counts.get(id) ?? new Count()
    this.#counts.delete(id)
    this.#counts.set(id, count)
    return count
  }

  /** Nothing of the session is under way until it has been read, so nothing changes meanwhile. */
  async #load(id: string, count: Count): Promise<void> {
    count.reading ??= this.#options.callsOf(id)
    try {
      const made = await count.reading
      count.made ??= made
    } finally {
      count.reading = null
    }
    this.#trim()
  }

  #trim(): void {
    const { maxSessions = MOST_SESSIONS } = this.#options
    for (const [id, { underWay, reading, made }] of this.#counts) {
      if (this.#counts.size <= maxSessions) return
      if (underWay === 0 && reading === null && made !== undefined) this.#counts.delete(id)
    }
  }

  async standing(demand: Parameters<Limiter['standing']>[0]): Promise<Standing> {
    const standing = await this.#limiter.standing(demand)
    const counted = countedOf(demand)
    if (counted === undefined) return standing
    const { kind, id, calls } = counted
    const count = this.#countOf(id)
    try {
      if (count.made === undefined) await this.#load(id, count)
    } catch (error) {
      throw new GatewayError('store_unavailable', undefined, { cause: error })
    }
    const { made = 0, underWay } = count
    return { ...standing, calls: { subject: { kind, id }, limit: calls, made, underWay } }
  }

  end(...args: Parameters<Limiter['end']>): void {
    this.#limiter.end(...args)
  }

  resume(...args: Parameters<Limiter['resume']>): void {
    this.#limiter.resume(...args)
  }

  credited(userId: string, amount: bigint): void {
    this.#limiter.credited(userId, amount)
  }
}
