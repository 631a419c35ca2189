import { OUTCOMES, type Outcome } from '../errors.ts'
import { UNITS, type Usage } from '../minimax/units.ts'
import { Fields, type Field } from './ledger-fields.ts'
import type { Bill, LedgerChange, RequestOpening, RequestSettlement, TaskOpening } from './ledger.ts'
import { putObject, putObjectKey, takeObject, takeObjectKey } from './object-codec.ts'

/**
 * How a batch travels to the thread that writes it: all fields of all changes in one flat list, as JSON. Of the ways
 * that were measured this costs the sending thread least (see bench/books.md).
 */

const KINDS = [
  'open',
  'progress',
  'settle',
  'pend',
  'end',
  'poll',
  'own',
  'disown',
] as const satisfies LedgerChange['kind'][]
const ENDS = ['succeeded', 'failed', 'expired'] as const

function putBill(out: Field[], bill: Bill): void {
  const { usage } = bill
  let count = 0
  const start = out.push(0) - 1
  for (let at = 0; at < UNITS.length; at++) {
    const unit = UNITS[at]
    const quantity = unit && usage[unit]
    if (quantity === undefined) continue
    out.push(at, quantity)
    count++
  }
  out[start] = count
  out.push(
    String(bill.list),
    String(bill.charged),
    bill.currency,
    bill.multiplier,
    bill.priceVersion,
    bill.estimated,
  )
}

function putOpening(out: Field[], opening: RequestOpening): void {
  out.push(
    opening.requestId,
    opening.at,
    opening.userId,
    opening.tokenId,
    opening.sessionId,
    opening.endUser,
    opening.operation,
    opening.modality,
    opening.model,
    opening.currency,
    opening.multiplier,
  )
}

function putSettlement(out: Field[], settlement: RequestSettlement): void {
  putBill(out, settlement)
  out.push(
    settlement.requestId,
    settlement.userId,
    settlement.tokenId,
    settlement.operation,
    settlement.modality,
    settlement.model,
    settlement.upstreamKey,
    OUTCOMES.indexOf(settlement.outcome),
    settlement.httpStatus,
    settlement.providerCode,
    settlement.durationMs,
    settlement.firstByteMs,
    settlement.bytesIn,
    settlement.bytesOut,
    settlement.settledAt,
  )
}

function putTask(out: Field[], task: TaskOpening): void {
  putBill(out, task.bill)
  out.push(
    task.taskId,
    task.upstreamKey,
    task.requestId,
    task.userId,
    task.tokenId,
    task.operation,
    task.model,
    task.facts,
    task.createdAt,
    task.nextPollAt,
  )
}

function putChange(out: Field[], change: LedgerChange): void {
  out.push(KINDS.indexOf(change.kind))
  switch (change.kind) {
    case 'open':
      putOpening(out, change.opening)
      return
    case 'progress':
      out.push(change.requestId)
      putBill(out, change.bill)
      return
    case 'settle':
      putSettlement(out, change.settlement)
      return
    case 'pend':
      putSettlement(out, change.settlement)
      putTask(out, change.task)
      return
    case 'end':
      out.push(change.taskId, change.upstreamKey, ENDS.indexOf(change.state))
      out.push(OUTCOMES.indexOf(change.outcome))
      putBill(out, change.bill)
      out.push(change.at)
      return
    case 'poll':
      out.push(change.taskId, change.upstreamKey, change.polls, change.nextPollAt)
      return
    case 'own':
      putObject(out, change.object)
      return
    case 'disown':
      putObjectKey(out, change.object)
  }
}

/** Changes as one text. */
export function textFromChanges(changes: readonly LedgerChange[]): string {
  const out: Field[] = []
  for (const change of changes) putChange(out, change)
  return JSON.stringify(out)
}

function takeBill(fields: Fields): Bill {
  const usage: { -readonly [Unit in keyof Usage]: Usage[Unit] } = {}
  for (let count = fields.number(); count > 0; count--) usage[fields.oneOf(UNITS)] = fields.number()
  return {
    usage,
    list: BigInt(fields.text()),
    charged: BigInt(fields.text()),
    currency: fields.text(),
    multiplier: fields.text(),
    priceVersion: fields.text(),
    estimated: fields.flag(),
  }
}

function takeOpening(fields: Fields): RequestOpening {
  return {
    requestId: fields.text(),
    at: fields.number(),
    userId: fields.text(),
    tokenId: fields.text(),
    sessionId: fields.text(),
    endUser: fields.text(),
    operation: fields.text(),
    modality: fields.text(),
    model: fields.text(),
    currency: fields.text(),
    multiplier: fields.text(),
  }
}

function takeSettlement(fields: Fields): RequestSettlement {
  return {
    ...takeBill(fields),
    requestId: fields.text(),
    userId: fields.text(),
    tokenId: fields.text(),
    operation: fields.text(),
    modality: fields.text(),
    model: fields.text(),
    upstreamKey: fields.text(),
    outcome: fields.oneOf<Outcome>(OUTCOMES),
    httpStatus: fields.number(),
    providerCode: fields.number(),
    durationMs: fields.number(),
    firstByteMs: fields.numberOrNull(),
    bytesIn: fields.number(),
    bytesOut: fields.number(),
    settledAt: fields.number(),
  }
}

function takeTask(fields: Fields): TaskOpening {
  return {
    bill: takeBill(fields),
    taskId: fields.text(),
    upstreamKey: fields.text(),
    requestId: fields.text(),
    userId: fields.text(),
    tokenId: fields.text(),
    operation: fields.text(),
    model: fields.text(),
    facts: fields.text(),
    createdAt: fields.number(),
    nextPollAt: fields.number(),
  }
}

function takeChange(fields: Fields): LedgerChange {
  const kind = fields.oneOf(KINDS)
  switch (kind) {
    case 'open':
      return { kind, opening: takeOpening(fields) }
    case 'progress':
      return { kind, requestId: fields.text(), bill: takeBill(fields) }
    case 'settle':
      return { kind, settlement: takeSettlement(fields) }
    case 'pend':
      return { kind, settlement: takeSettlement(fields), task: takeTask(fields) }
    case 'end':
      return {
        kind,
        taskId: fields.text(),
        upstreamKey: fields.text(),
        state: fields.oneOf(ENDS),
        outcome: fields.oneOf<Outcome>(OUTCOMES),
        bill: takeBill(fields),
        at: fields.number(),
      }
    case 'poll': {
      const [taskId, upstreamKey] = [fields.text(), fields.text()]
      return { kind, taskId, upstreamKey, polls: fields.number(), nextPollAt: fields.number() }
    }
    case 'own':
      return { kind, object: takeObject(fields) }
    case 'disown':
      return { kind, object: takeObjectKey(fields) }
  }
}

/**
 * The changes that a text of `textFromChanges` stands for.
 * @throws TypeError for any other text
 */
export function changesFromText(text: string): readonly LedgerChange[] {
  const fields = new Fields(text)
  const changes: LedgerChange[] = []
  while (!fields.isEmpty) changes.push(takeChange(fields))
  return changes
}
