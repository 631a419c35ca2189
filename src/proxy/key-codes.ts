import type { Outcome } from '../errors.ts'
import type { Operation } from '../minimax/catalog.ts'
import { METERS } from '../minimax/meters.ts'

/** For what a key is wanted. */
export interface KeyWant {
  /** The account whose keys alone will do; null: any. */
  readonly account: string | null
  readonly modality: string
  /** Whether the call costs something at MiniMax: one that does not goes without balance. */
  readonly costs: boolean
}

/** How a call with a key ended, as far as that says something of the key. */
export interface KeyNews {
  readonly outcome: Outcome
  /** MiniMax's own code; undefined: none. */
  readonly code: number | undefined
  /** The HTTP status of MiniMax's answer; 0: there was none. */
  readonly status: number
  /** What its `Retry-After` asks for, in milliseconds; undefined: nothing. */
  readonly retryAfterMs?: number | undefined
}

/**
 * What an answer means for the key: `works`; `wrong`: MiniMax does not know it; `spent`: its balance or plan is used up;
 * `limited`: too much at a time; null: nothing, for the fault is another's.
 */
export type Verdict = 'works' | 'wrong' | 'spent' | 'limited' | null

/** By MiniMax's codes (api-reference/errorcode); what they mean for a call is in minimax/failures.ts. */
const VERDICTS: Readonly<Record<number, Verdict>> = {
  1002: 'limited',
  1004: 'wrong',
  1008: 'spent',
  1039: 'limited',
  1041: 'limited',
  2045: 'limited',
  2049: 'wrong',
  2056: 'spent',
}

/** The code with which MiniMax says that a plan is used up: for what is asked for, not for everything. */
export const PLAN_USED_UP = 2056

/** @returns what an answer means for the key with which it was asked for */
export function verdictOf({ outcome, code, status }: KeyNews): Verdict {
  if (code !== undefined) return VERDICTS[code] ?? null
  if (status === 401) return 'wrong'
  if (status === 402) return 'spent'
  return outcome === 'ok' ? 'works' : null
}

/** What billing says of operations that cost nothing (minimax/meters.ts). */
const FREE: ReadonlySet<string> = new Set(['nothing', 'state'])

/** @param account whose keys alone will do; null: any. @returns for what an operation wants a key */
export function wantOf(operation: Pick<Operation, 'name' | 'modality'>, account: string | null): KeyWant {
  const billing = METERS[operation.name]?.billing
  return { account, modality: operation.modality, costs: billing === undefined || !FREE.has(billing) }
}

const SECONDS = /^[0-9]{1,6}$/

/** @param headers names and values in turn, in lower case. @returns what `Retry-After` asks for, in milliseconds */
export function retryAfterOf(headers: readonly string[]): number | undefined {
  const at = headers.indexOf('retry-after')
  const value = at < 0 ? undefined : headers[at + 1]
  return value === undefined || !SECONDS.test(value) ? undefined : Number(value) * 1000
}
