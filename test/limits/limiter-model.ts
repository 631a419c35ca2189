import { expect } from 'vitest'
import type { GatewayError } from '../../src/errors.ts'
import type { Demand, Hold, Limiter, Subject } from '../../src/limits/limiter.ts'
import type { Budget } from '../../src/store/store.ts'
import { LimiterKit, OWNER_OF, settled, type OpenLimiter } from './limiter-kit.ts'
import type { Step } from './limiter-steps.ts'
import { boundsOf, callerOf, CONCURRENCY, TOKENS } from './limiter-world.ts'

type Name = Pick<Subject, 'kind' | 'id'>
type Need = Pick<Demand, 'charged' | 'usage'>

/** As `expect` does, which takes its time; this is asked some million times. */
function same<T>(found: T, expected: T): void {
  if (found !== expected) expect(found).toBe(expected)
}

/** A call as the model knows it. */
interface ModelCall {
  readonly demand: Demand
  readonly hold: Hold
  need: Need
  state: 'open' | 'kept' | 'over'
}

/** A limiter, and beside it what it should know, from the books and from the calls under way alone. */
export class LimiterModel {
  readonly kit = new LimiterKit()
  readonly limiter: Limiter
  readonly calls: ModelCall[] = []
  asked = 0
  told = 0

  constructor(open: OpenLimiter) {
    this.limiter = open(this.kit)
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'reserve':
        this.#reserve(step)
        break
      case 'reads':
        this.kit.reads = step.how
        break
      case 'answer':
        this.kit.answer(step.isAnswered, step.count)
        break
      case 'give':
        this.kit.credited(this.limiter, 'ada', BigInt(step.amount))
        break
      case 'pass':
        this.kit.pass(step.amount)
        break
      case 'jump':
        this.kit.wall += step.amount
        break
      default:
        this.#change(step)
    }
    this.check()
    await settled()
    this.check()
  }

  #reserve({ token: number, amount: charged, images, isPrepaid, isFree }: Step & { kind: 'reserve' }): void {
    const tokenId = TOKENS[number] ?? 'token1'
    const caller = callerOf(tokenId)
    const demand = this.kit.demand({
      ...caller,
      subjects: isFree ? [] : caller.subjects,
      prepaid: isPrepaid && caller.userId === 'ada',
      charged: BigInt(charged),
      usage: images === 0 ? {} : { images },
    })
    this.asked++
    this.limiter.reserve(demand, (error, hold) => {
      this.told++
      same(hold === null, error !== null)
      this.#judge(error, demand, demand, { charged: 0n, usage: {} }, true)
      if (hold !== null) this.calls.push({ demand, hold, need: demand, state: 'open' })
    })
  }

  #change(step: Step & { which: number }): void {
    const call = this.calls[step.which % Math.max(1, this.calls.length)]
    if (call === undefined) return
    if (step.kind === 'again') {
      this.#endAgain(call)
      return
    }
    if (step.kind === 'end') {
      this.#endKept(call)
      return
    }
    if (call.state !== 'open') return
    if (step.kind === 'extend') {
      this.#extend(call, step.amount)
      return
    }
    call.state = 'over'
    if (step.kind === 'release') {
      call.hold.release(step.which % 2 === 0)
      return
    }
    if (step.kind === 'keep') {
      this.#keep(call, step.amount)
      return
    }
    const { charged, usage } = call.need
    const least = BigInt(step.kind === 'settle' ? step.amount : 0)
    this.kit.settle(call.hold, least < charged ? least : charged, usage, this.kit.wall, call.demand)
  }

  #keep(call: ModelCall, kept: number): void {
    const least = BigInt(kept)
    const { charged } = call.need
    call.need = { charged: least < charged ? least : charged, usage: {} }
    call.state = 'kept'
    call.hold.keep(call.need)
  }

  #endKept(call: ModelCall): void {
    if (call.state !== 'kept') return
    call.state = 'over'
    this.kit.end(this.limiter, call.demand, call.need.charged)
  }

  #endAgain({ state, hold }: ModelCall): void {
    if (state === 'open') return
    hold.settle({ charged: 100n, usage: {}, at: this.kit.wall })
    hold.release(true)
    hold.keep({ charged: 100n, usage: {} })
  }

  #extend(call: ModelCall, more: number): void {
    const need = { charged: call.need.charged + BigInt(more), usage: call.need.usage }
    this.asked++
    call.hold.extend(need, (error) => {
      this.told++
      if (call.state !== 'open') return
      this.#judge(error, call.demand, need, call.need, false)
      if (error === null) call.need = need
    })
  }

  /** The answer to a call is what the books and the calls under way say at that moment. */
  #judge(error: GatewayError | null, demand: Demand, need: Need, before: Need, isNew: boolean): void {
    const code = error?.code ?? null
    if (code === 'store_unavailable') return
    const { subjects } = demand
    const isCrowded = isNew && subjects.some((subject) => this.underWay(subject) >= CONCURRENCY[subject.kind])
    const isPassed = subjects.some((subject) =>
      (subject.limits.budgets ?? []).some((budget) => this.#passes(subject, budget, need, before)),
    )
    const wanted = need.charged - before.charged
    const isBroke = demand.prepaid && wanted > 0n && wanted > this.available(demand.userId)
    const expected = isCrowded
      ? 'concurrency_limited'
      : isPassed
        ? 'budget_exceeded'
        : isBroke
          ? 'credit_exhausted'
          : null
    same(code, expected)
  }

  #passes(subject: Subject, budget: Budget, need: Need, before: Need): boolean {
    if (!budget.hard) return false
    const { used, held } = this.sums(subject, budget)
    const [wanted, limit] =
      'amount' in budget
        ? [Number(need.charged - before.charged), Number(budget.amount)]
        : [(need.usage[budget.unit] ?? 0) - (before.usage[budget.unit] ?? 0), budget.quantity]
    return wanted > 0 && used + held + wanted > limit
  }

  #isHeldFor({ demand, state }: ModelCall, { kind, id }: Name): boolean {
    if (state === 'over' || OWNER_OF[kind](demand) !== id) return false
    if (state === 'kept' || demand.subjects.length > 0) return true
    return kind === 'user' && demand.prepaid
  }

  underWay({ kind, id }: Name): number {
    return this.calls.filter(
      ({ demand, state }) => state === 'open' && demand.subjects.length > 0 && OWNER_OF[kind](demand) === id,
    ).length
  }

  /** What is used and held of a budget by the books and the calls under way. */
  sums(subject: Name, budget: Budget): { readonly used: number; readonly held: number } {
    const [start, end] = boundsOf(budget.period, this.kit.wall)
    const of = ({ charged, usage }: Need) =>
      'amount' in budget ? Number(charged) : (usage[budget.unit] ?? 0)
    const rows = this.kit.rows.filter(
      (row) => OWNER_OF[subject.kind](row) === subject.id && row.at >= start && row.at < end,
    )
    const calls = this.calls.filter((call) => this.#isHeldFor(call, subject))
    return {
      used: rows.reduce((sum, row) => sum + of(row), 0),
      held: calls.reduce((sum, { need }) => sum + of(need), 0),
    }
  }

  available(userId: string): bigint {
    const charged = this.kit.rows.reduce((sum, row) => sum + (row.userId === userId ? row.charged : 0n), 0n)
    const held = this.calls.reduce(
      (sum, call) => sum + (this.#isHeldFor(call, { kind: 'user', id: userId }) ? call.need.charged : 0n),
      0n,
    )
    return (this.kit.credits.get(userId) ?? 0n) - charged - held
  }

  /** What is held is what the calls under way need. */
  check(): void {
    const holding = this.calls.filter(
      ({ demand, state }) =>
        state === 'kept' || (state === 'open' && (demand.subjects.length > 0 || demand.prepaid)),
    )
    same(
      this.limiter.held,
      holding.reduce((sum, { need }) => sum + need.charged, 0n),
    )
    same(this.limiter.holds, holding.length)
  }

  /** Nothing that calls with limits have spent and hold is beyond a hard budget. Free calls spend as they like. */
  checkBudgets(): void {
    for (const id of TOKENS) {
      for (const { kind, id: name, limits } of callerOf(id).subjects)
        for (const budget of limits.budgets ?? []) this.#checkBudget({ kind, id: name }, budget)
    }
  }

  #checkBudget(subject: Name, budget: Budget): void {
    if (!budget.hard) return
    const { used, held } = this.sums(subject, budget)
    const limit = 'amount' in budget ? Number(budget.amount) : budget.quantity
    same(used + held <= limit, true)
  }

  /** Ends everything, and compares what is left with the books. */
  async finish(): Promise<void> {
    this.kit.reads = 'answer'
    while (this.kit.waiting > 0) {
      this.kit.answer(true)
      await settled()
    }
    await settled()
    same(this.told, this.asked)
    await this.#compare()
    for (const call of this.calls) {
      if (call.state === 'open') call.hold.release(false)
      this.#endKept(call)
      call.state = 'over'
    }
    expect([this.limiter.held, this.limiter.holds]).toEqual([0n, 0])
    await this.#compare()
  }

  async #compare(): Promise<void> {
    for (const tokenId of TOKENS) {
      const { userId, subjects } = callerOf(tokenId)
      const standing = await this.limiter.standing({ userId, subjects, prepaid: true })
      for (const { subject, budget, used, held } of standing.budgets) {
        const sums = this.sums(subject, budget)
        same(Number(used), sums.used)
        same(Number(held), sums.held)
      }
      for (const { subject, underWay } of standing.concurrency) {
        same(underWay, this.underWay(subject))
      }
      same(standing.credit?.available, this.available(userId))
    }
  }
}
