import type { Accepted } from '../../emulator/accepts.ts'

/** A row of the books as `GET /admin/v1/requests` shows it, as far as it is compared. */
export interface BookRow {
  readonly requestId: string
  readonly operation: string
  readonly model: string
  /** null while it is open. */
  readonly outcome: string | null
  readonly usage: Readonly<Record<string, number>>
  /** A decimal text. */
  readonly charged: string
  readonly estimated: boolean
  readonly state: string
}

/**
 * Outcomes that a row may have though MiniMax took nothing on. Such a row costs nothing.
 */
export const WITHOUT_ACCEPT: Readonly<Record<string, string>> = {
  gateway_interrupted: 'killed after the row was written and before the request was sent in full',
  caller_gone: 'the caller left while its upload was passing through, or before it was sent',
  caller_invalid: 'an upload turned out to be broken when part of it was sent already',
  caller_forbidden: 'an upload named a model that its sender may not use when part of it was sent already',
  caller_too_large: 'an upload turned out to be too large when part of it was sent already',
  provider_timeout: 'no connection within its time, or the request was not taken within its time',
  provider_disconnected: 'the connection broke before the request had arrived in full',
  provider_error: 'no connection, or an answer that cannot be before the request had arrived',
  gateway_unavailable: 'the gateway stopped when it was about to send it',
  gateway_overloaded: 'there was no room for it when it was about to be sent',
  gateway_error: 'a mistake of the gateway when it was about to be sent',
}

const PROMPT = ['input_tokens', 'cached_tokens', 'cache_write_tokens']
const FRACTION = /[1-9]/

/** Whether nothing was used and nothing is to be paid. */
export function isFree(row: BookRow): boolean {
  return Object.keys(row.usage).length === 0 && !FRACTION.test(row.charged)
}

/** Two usages with the same quantities have the same key. */
export function usageKey(usage: Readonly<Record<string, number>>): string {
  return Object.entries(usage)
    .filter(([, quantity]) => quantity !== 0)
    .map(([unit, quantity]) => `${unit}=${quantity}`)
    .toSorted()
    .join(' ')
}

/** Whether a usage may be what was told of another by the time that its telling was cut. */
function isPartOf(part: BookRow['usage'], whole: BookRow['usage']): boolean {
  // The start of a stream may book the whole prompt as read from the cache.
  const prompt = (usage: BookRow['usage']): number =>
    PROMPT.reduce((sum, unit) => sum + (usage[unit] ?? 0), 0)
  const others = Object.entries(part).filter(([unit]) => !PROMPT.includes(unit))
  return prompt(part) <= prompt(whole) && others.every(([unit, quantity]) => quantity <= (whole[unit] ?? 0))
}

function ofFailure(accepted: Accepted, row: BookRow): string | null {
  if (row.outcome === 'ok') return 'a failure is on the books as ok'
  if (isFree(row)) return null
  if (row.outcome === 'caller_gone' && row.estimated) return null
  const isSession = accepted.operation.startsWith('speech.websocket')
  return isSession && isPartOf(row.usage, accepted.usage) ? null : 'a failure is charged'
}

function ofTask(accepted: Accepted, state: string, row: BookRow): string | null | undefined {
  if (state === 'failed' || state === 'cancelled') return ofFailure(accepted, row)
  if (state === 'succeeded') return undefined
  if (isFree(row)) return null
  // Its creation tells what it costs, and there is no rule that it must wait for its end.
  if (accepted.operation === 'speech.async.create') return undefined
  return state === 'running' ? 'a task is charged before its end' : undefined
}

function isOfOtherModel({ model, asked }: Accepted, row: BookRow): boolean {
  // A session that was refused when its client named a model never named one to MiniMax.
  if (row.model === '' || (model === '' && isFree(row))) return false
  return row.model !== model && row.model !== asked
}

/** @returns why a row cannot be that of an accepted call; null when it can */
export function disagreement(accepted: Accepted, row: BookRow): string | null {
  const { usage, told, sent, task } = accepted
  if (row.operation !== accepted.operation) return 'another operation'
  if (isOfOtherModel(accepted, row)) return 'another model'
  if (row.state === 'open') return 'it is still open'
  if (row.state === 'pending') {
    if (task === null) return 'it waits for a task that was not made'
    return isFree(row) ? null : 'it is charged before the end of its task'
  }
  if (Object.keys(row.usage).length === 0 && !isFree(row)) return 'it is charged for nothing'
  const ofItsTask = task === null ? undefined : ofTask(accepted, task.state, row)
  if (ofItsTask !== undefined) return ofItsTask
  if (accepted.failure !== null) return ofFailure(accepted, row)
  if (row.estimated)
    return row.outcome === 'ok' && told && sent === 'whole' ? 'it is estimated though it was told' : null
  if (row.outcome !== 'ok') return isPartOf(row.usage, usage) ? null : 'another usage'
  if (usageKey(row.usage) === usageKey(usage) || (!told && isFree(row))) return null
  return 'another usage'
}
