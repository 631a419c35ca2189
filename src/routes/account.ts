import { formatMoney, NANO } from '../lib/money.ts'
import type { BudgetState, Standing } from '../limits/limiter.ts'
import type { Operation } from '../minimax/catalog.ts'
import type { Unit } from '../minimax/units.ts'

const HOUR_MS = 3_600_000
const WEEK_MS = 7 * 24 * HOUR_MS

/** MiniMax has no word for "without limit"; a quota that nobody reaches comes closest. */
const UNLIMITED = 1_000_000_000

/**
 * The names under which MiniMax groups its models in a plan (its command-line client prints them), and in which units
 * budgets of the gateway count what they make.
 */
const GROUPS: readonly (readonly [string, readonly Unit[]])[] = [
  ['MiniMax-M*', ['input_tokens', 'output_tokens']],
  ['speech-hd', ['characters']],
  ['image-01', ['images']],
  ['MiniMax-Hailuo*', ['videos', 'video_seconds']],
  ['music', ['songs']],
]

/** So much of it, from when until when. */
interface Quota {
  readonly total: number
  readonly used: number
  readonly from: number
  readonly to: number
}

/**
 * What the account operations answer: the caller's own quota and money in MiniMax's shape, never the operator's. Shape:
 * MiniMax's own command-line client (quota and balance).
 * @param now milliseconds since the Unix epoch
 * @param standing how the caller's limits stand
 */
export function accountAnswer(operation: Operation, now: number, standing: Standing): unknown {
  const baseResp = { status_code: 0, status_msg: 'success' }
  if (operation.name === 'account.balance') {
    const available = moneyLeft(standing)
    return {
      available_amount: available,
      cash_balance: available,
      voucher_balance: '0.00',
      credit_balance: '0.00',
      owed_amount: owed(standing),
      balance_alert_switch: false,
      balance_alert_threshold: '0.00',
      base_resp: baseResp,
    }
  }
  return {
    base_resp: baseResp,
    model_remains: GROUPS.map(([name, units]) => ({
      model_name: name,
      ...windowsOf(quotaOf(standing, units, now), now),
    })),
  }
}

function windowsOf({ total, used, from, to }: Quota, now: number): Readonly<Record<string, number>> {
  const weekStart = now - (now % WEEK_MS)
  const left = Math.max(0, total - used)
  return {
    start_time: from,
    end_time: to,
    remains_time: Math.max(0, to - now),
    current_interval_total_count: total,
    current_interval_usage_count: Math.min(used, total),
    current_interval_remaining_percent: total === 0 ? 0 : Math.floor((100 * left) / total),
    current_weekly_total_count: 0,
    current_weekly_usage_count: 0,
    weekly_start_time: weekStart,
    weekly_end_time: weekStart + WEEK_MS,
    weekly_remains_time: weekStart + WEEK_MS - now,
  }
}

/** The tightest of the budgets that count for a group: in its unit, or in money, of which it tells hundredths of all. */
function quotaOf(standing: Standing, units: readonly Unit[], now: number): Quota {
  const start = now - (now % HOUR_MS)
  let tightest: Quota = { total: UNLIMITED, used: 0, from: start, to: start + HOUR_MS }
  for (const state of standing.budgets) {
    const { budget } = state
    if (!budget.hard || ('unit' in budget && !units.includes(budget.unit))) continue
    const to = state.resetsAt ?? start + HOUR_MS
    const quota = { ...countsOf(state), from: Math.min(start, to - HOUR_MS), to }
    if (share(quota) > share(tightest)) tightest = quota
  }
  return tightest
}

/** @returns which part of a quota is used up */
function share({ total, used }: Quota): number {
  return total === 0 ? 1 : used / total
}

function countsOf({ budget, used, held }: BudgetState): Pick<Quota, 'total' | 'used'> {
  if ('unit' in budget) return { total: budget.quantity, used: Number(used) + Number(held) }
  if (budget.amount <= 0n) return { total: 100, used: 100 }
  const taken = BigInt(used) + BigInt(held)
  // A hundredth that is used in part is used.
  return { total: 100, used: Number((100n * taken + budget.amount - 1n) / budget.amount) }
}

/** Their credit; else what is left of the tightest budget of money; else as good as no end. */
function moneyLeft({ credit, budgets }: Standing): string {
  if (credit !== null) return amount(atLeastNothing(credit.available))
  let least: bigint | null = null
  for (const { budget, used, held } of budgets) {
    if (!budget.hard || 'unit' in budget) continue
    const left = atLeastNothing(budget.amount - BigInt(used) - BigInt(held))
    if (least === null || left < least) least = left
  }
  return amount(least ?? BigInt(UNLIMITED) * NANO)
}

function owed({ credit }: Standing): string {
  return amount(credit === null ? 0n : atLeastNothing(-credit.balance))
}

function atLeastNothing(nano: bigint): bigint {
  return nano > 0n ? nano : 0n
}

/** With two decimals at least, as MiniMax writes money. */
function amount(nano: bigint): string {
  const [whole = '0', decimals = ''] = formatMoney(nano).split('.')
  return `${whole}.${decimals.padEnd(2, '0')}`
}
