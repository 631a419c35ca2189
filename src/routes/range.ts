import { Type } from 'typebox'
import { GatewayError } from '../errors.ts'
import { parseTime } from '../lib/times.ts'

const HOUR_MS = 3_600_000

/** How far back totals reach when nobody says. */
const DEFAULT_RANGE_MS = 30 * 24 * HOUR_MS

const moment = (what: string) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 40,
      description: `${what}: a time such as 2026-01-31T12:00:00Z (a "+" of its offset written as %2B), a date in UTC such as 2026-01-31, or milliseconds since 1970, with 12 digits or more.`,
    }),
  )

/** The fields of a query that narrow it to a time. */
export const rangeFields = { from: moment('From this time on'), to: moment('Up to this time, exclusive') }

interface RangeQuery {
  readonly from?: string
  readonly to?: string
}

/** Milliseconds since the Unix epoch: from the first on, up to the second, exclusive. */
export interface Range {
  readonly from: number
  readonly to: number
}

function timeOf(path: 'from' | 'to', text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  try {
    return parseTime(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new GatewayError('invalid_query', `"${path}" is ${error.message}.`, { path })
  }
}

function refuseUnlessBefore(from: number, to: number): void {
  if (from >= to) throw new GatewayError('invalid_query', '"from" must be before "to".', { path: 'from' })
}

/** The times that a query names. @throws GatewayError `invalid_query` */
export function rangeOf(query: RangeQuery): Partial<Range> {
  const from = timeOf('from', query.from)
  const to = timeOf('to', query.to)
  if (from !== undefined && to !== undefined) refuseUnlessBefore(from, to)
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

/**
 * The hours to add up: every hour that the query's times touch, because totals are kept by the hour. Up to now unless
 * said, and over the last 30 days.
 * @param now milliseconds since the Unix epoch
 * @throws GatewayError `invalid_query`
 */
export function hoursOf(query: RangeQuery, now: number): Range {
  const given = rangeOf(query)
  // What is settled in this very millisecond counts too.
  const to = given.to ?? now + 1
  const from = given.from ?? Math.max(0, to - DEFAULT_RANGE_MS)
  refuseUnlessBefore(from, to)
  return { from: from - (from % HOUR_MS), to: Math.ceil(to / HOUR_MS) * HOUR_MS }
}
