import { UNITS, type Unit } from '../minimax/units.ts'
import type { Tally } from './sums.ts'

/**
 * What a transaction adds to the totals is kept as one line of a journal, in the same transaction: a line costs a tenth
 * of the rows of totals that it changes. From time to time the lines go into the totals together. Whoever reads totals
 * adds the lines that are still there.
 */

/** What a transaction adds to the totals, as one line. */
export function lineFromTallies(tallies: Iterable<Tally>): string {
  const fields: (string | number)[] = []
  for (const tally of tallies) {
    fields.push(tally.hour, tally.userId, tally.tokenId, tally.operation, tally.modality, tally.model)
    fields.push(tally.currency, tally.calls, tally.failures, tally.estimated)
    fields.push(String(tally.list), String(tally.charged), tally.units.size)
    for (const [unit, quantity] of tally.units) fields.push(unit, quantity)
  }
  return JSON.stringify(fields)
}

function textOf(field: unknown): string {
  if (typeof field !== 'string') throw new TypeError('a text is missing in the journal')
  return field
}

function numberOf(field: unknown): number {
  if (typeof field !== 'number') throw new TypeError('a number is missing in the journal')
  return field
}

function unitOf(field: unknown): Unit {
  const unit = UNITS.find((known) => known === field)
  if (unit === undefined) throw new TypeError('a unit of the journal is unknown')
  return unit
}

function* talliesFromFields(fields: Iterator<unknown>): Generator<Tally> {
  const next = (): unknown => fields.next().value
  for (let first = fields.next(); first.done !== true; first = fields.next()) {
    const tally: Tally = {
      hour: numberOf(first.value),
      userId: textOf(next()),
      tokenId: textOf(next()),
      operation: textOf(next()),
      modality: textOf(next()),
      model: textOf(next()),
      currency: textOf(next()),
      calls: numberOf(next()),
      failures: numberOf(next()),
      estimated: numberOf(next()),
      list: BigInt(textOf(next())),
      charged: BigInt(textOf(next())),
      units: new Map(),
    }
    for (let count = numberOf(next()); count > 0; count--) tally.units.set(unitOf(next()), numberOf(next()))
    yield tally
  }
}

/**
 * What a line of the journal adds to the totals.
 * @throws TypeError for a line that is damaged: money must not become "nothing"
 */
export function talliesFromLine(line: string): Iterable<Tally> {
  const fields: unknown = JSON.parse(line)
  if (!Array.isArray(fields)) throw new TypeError('a line of the journal is not a list')
  return talliesFromFields(fields.values())
}
