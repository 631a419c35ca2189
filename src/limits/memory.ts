import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { tokensIn } from '../minimax/usage.ts'
import { costOf } from './amounts.ts'
import { NO_NEED, type Need } from './budgets.ts'
import { CreditState } from './credit-state.ts'
import { FreeHold, MemoryHold, type Holder } from './hold.ts'
import { KeptCalls } from './kept-calls.ts'
import type {
  Demand,
  Hold,
  Kept,
  Limiter,
  LimiterEvents,
  More,
  Owners,
  Settled,
  SpendSource,
  Standing,
} from './limiter.ts'
import { momentBy, type Moment } from './moment.ts'
import { Periods } from './periods.ts'
import type { Reading } from './reading.ts'
import { creditRefusal, type LimitRefusal } from './refusals.ts'
import { rateRefusalOf, Share, type Calendar } from './share.ts'
import { Sourced } from './sourced.ts'
import { standingOf } from './standing.ts'
import type { SubjectState } from './subject-state.ts'
import { Subjects } from './subjects.ts'

/** What the limiter in memory works with. */
export interface MemoryLimiterOptions {
  readonly clock: Clock
  /** In which budgets begin anew: an IANA name. */
  readonly timeZone: string
  readonly source: SpendSource
  readonly events: LimiterEvents
  /** How many users and tokens with limits are remembered when nothing of theirs is under way. */
  readonly maxSubjects?: number
  /** The same for sessions and end users. */
  readonly maxEndUsers?: number
}

type Done = (error: GatewayError | null, hold: Hold | null) => void

const MOST_SUBJECTS = 10_000
const MOST_END_USERS = 100_000
/** What was loaded may have been changed or forgotten again before it was looked at; not for ever. */
const MOST_WAITS = 16

/**
 * Limits counted in this process. All that a call needs is checked and taken in one step that nothing can come between,
 * as soon as it is in memory; what is not is read from the books first, once for all who need it.
 */
export class MemoryLimiter implements Limiter, Holder, Calendar {
  readonly periods: Periods
  knownSince = -Infinity
  readonly #clock: Clock
  readonly #events: LimiterEvents
  readonly #subjects: Subjects
  readonly #sourced: Sourced
  readonly #kept: KeptCalls
  #held = 0n
  #holds = 0

  /** @throws RangeError when there is no such time zone */
  constructor(options: MemoryLimiterOptions) {
    const { clock, timeZone, source, events } = options
    const { maxSubjects = MOST_SUBJECTS, maxEndUsers = MOST_END_USERS } = options
    this.#clock = clock
    this.#events = events
    this.periods = new Periods(timeZone)
    this.#subjects = new Subjects(maxSubjects, maxEndUsers)
    this.#sourced = new Sourced(source, events, this.#subjects)
    this.#kept = new KeptCalls(this.#subjects)
  }

  get held(): bigint {
    return this.#held + this.#kept.held
  }

  get holds(): number {
    return this.#holds + this.#kept.size
  }

  reserve(demand: Demand, done: Done): void {
    if (demand.subjects.length === 0 && !demand.prepaid) {
      done(null, new FreeHold(this, demand))
      return
    }
    this.#reserve(demand, done, 0)
  }

  #reserve(demand: Demand, done: Done, waits: number): void {
    const moment = this.#moment()
    const shares = this.#sharesOf(demand)
    const tokens = tokensIn(demand.usage)
    // First what is always in memory: whoever floods does not make anybody read the books.
    const limited = rateRefusalOf(shares, moment, tokens)
    if (limited !== null) {
      this.#refuse(limited, shares, done)
      return
    }
    const reading = this.#load(shares, demand, moment.now)
    if (reading !== null) {
      const again = () => this.#reserve(demand, done, waits + 1)
      this.#wait(reading, shares, waits, again, (error) => done(error, null))
      return
    }
    const spent = this.#spentRefusal(shares, demand, moment.now, demand, NO_NEED)
    if (spent !== null) {
      this.#refuse(spent, shares, done)
      return
    }
    const hold = this.#take(demand, shares, tokens, moment)
    this.#subjects.trim()
    done(null, hold)
  }

  #moment(): Moment {
    const moment = momentBy(this.#clock)
    if (moment.now > this.knownSince) this.knownSince = moment.now
    return moment
  }

  #sharesOf({ subjects, prepaid, userId, model }: Pick<Demand, 'subjects' | 'prepaid' | 'userId' | 'model'>) {
    const shares: Share[] = []
    let payer: SubjectState | null = null
    for (const subject of subjects) {
      const state = this.#subjects.get(subject.kind, subject.id)
      if (state.kind === 'user') payer = state
      shares.push(new Share(state, subject, model))
    }
    if (prepaid) {
      if (payer === null) {
        payer = this.#subjects.get('user', userId)
        shares.push(new Share(payer, null, model))
      }
      payer.credit ??= new CreditState()
    }
    return shares
  }

  /** Begins to load all that is not in memory. @returns what has to be waited for; null: nothing */
  #load(shares: readonly Share[], { prepaid }: Pick<Demand, 'prepaid'>, now: number): Reading | null {
    let reading: Reading | null = null
    for (const share of shares) {
      reading = share.load(now, this, this.#sourced) ?? reading
      if (prepaid) reading = this.#sourced.credit(share.state) ?? reading
    }
    return reading
  }

  /** Waits for what is read, and keeps the other states in memory meanwhile. */
  #wait(
    reading: Reading,
    shares: readonly Share[],
    waits: number,
    again: () => void,
    fail: (error: GatewayError) => void,
  ): void {
    if (waits >= MOST_WAITS) {
      this.#events.failed(new Error('what a call needs to know changed each time it was read'))
      fail(new GatewayError('store_unavailable'))
      return
    }
    for (const { state } of shares) this.#subjects.pin(state)
    reading.wait((error) => {
      if (error === null) again()
      else fail(error)
      for (const { state } of shares) this.#subjects.unpin(state)
    })
  }

  /** All is in memory. @returns the budget or the credit that refuses what is needed more than before */
  #spentRefusal(
    shares: readonly Share[],
    { prepaid }: Pick<Demand, 'prepaid'>,
    now: number,
    need: Need,
    before: Need,
  ): LimitRefusal | null {
    for (const share of shares) {
      const refusal = share.budgetRefusal(now, this, need, before)
      if (refusal !== null) return refusal
    }
    const wanted = need.charged - before.charged
    if (!prepaid || wanted <= 0n) return null
    for (const { state } of shares) {
      const balance = state.credit?.balance(state.held.money)
      if (balance !== undefined && wanted > balance.available) return creditRefusal(wanted, balance.available)
    }
    return null
  }

  #refuse({ kind, error }: LimitRefusal, shares: readonly Share[], done: Done): void {
    for (const { state } of shares) this.#subjects.touch(state)
    this.#subjects.trim()
    this.#events.refused(kind)
    done(error, null)
  }

  #take(demand: Demand, shares: readonly Share[], tokens: number, moment: Moment): MemoryHold {
    for (const { state } of shares) this.#subjects.pin(state)
    const hold = new MemoryHold(this, demand, shares, tokens, moment)
    this.#held += demand.charged
    this.#holds++
    for (const share of shares) share.notice(moment.now, this, this.#events)
    return hold
  }

  /** For holds alone. */
  extend(hold: MemoryHold, more: More, done: (error: GatewayError | null) => void, waits = 0): void {
    if (hold.isOver) {
      done(new GatewayError('internal', 'The call is over.'))
      return
    }
    const moment = this.#moment()
    const { demand, shares, need } = hold
    const newShares = hold.newShares(more.model)
    const limited = hold.rateRefusal(more, newShares, moment)
    if (limited !== null) {
      this.#refuse(limited, shares, done)
      return
    }
    const reading = this.#load(shares, demand, moment.now)
    if (reading !== null) {
      this.#wait(reading, shares, waits, () => this.extend(hold, more, done, waits + 1), done)
      return
    }
    const spent = this.#spentRefusal(shares, demand, moment.now, more, need)
    if (spent !== null) {
      this.#refuse(spent, shares, done)
      return
    }
    this.#held += more.charged - need.charged
    hold.change(more, newShares, moment)
    for (const share of shares) share.notice(moment.now, this, this.#events)
    done(null)
  }

  /** For holds alone. */
  freed({ shares, need }: MemoryHold): void {
    this.#held -= need.charged
    this.#holds--
    for (const { state } of shares) this.#subjects.unpin(state)
  }

  /** For holds alone. */
  notice(shares: readonly Share[]): void {
    const now = this.#clock.now()
    for (const share of shares) share.notice(now, this, this.#events)
  }

  /** For holds alone: counts it where one of its owners is in memory; the books know it for all others. */
  count(owners: Owners, settled: Settled): void {
    if (settled.at > this.knownSince) this.knownSince = settled.at
    const known = this.#subjects.known(owners)
    if (known.length === 0) return
    const cost = costOf(settled)
    for (const state of known) state.count(cost, settled.at)
  }

  end(call: Owners & Pick<Kept, 'requestId'>, settled: Settled): void {
    this.count(call, settled)
    this.#kept.end(call.requestId)
  }

  resume(kept: Kept): void {
    this.#kept.keep(kept)
  }

  /** The amount is not needed: the whole is read anew when it is needed next. */
  credited(userId: string): void {
    this.#subjects.find('user', userId)?.credit?.forget()
  }

  async standing(demand: Pick<Demand, 'userId' | 'subjects' | 'prepaid'>): Promise<Standing> {
    return new Promise((resolve, reject) => this.#standing(demand, resolve, reject, 0))
  }

  #standing(
    demand: Pick<Demand, 'userId' | 'subjects' | 'prepaid'>,
    resolve: (standing: Standing) => void,
    reject: (error: GatewayError) => void,
    waits: number,
  ): void {
    const moment = this.#moment()
    const shares = this.#sharesOf({ ...demand, model: '' })
    const reading = this.#load(shares, demand, moment.now)
    if (reading === null) {
      resolve(standingOf(shares, demand, moment, this))
      this.#subjects.trim()
      return
    }
    this.#wait(reading, shares, waits, () => this.#standing(demand, resolve, reject, waits + 1), reject)
  }
}
