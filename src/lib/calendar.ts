/** The periods of the calendar: of the clock on the wall in one time zone, daylight saving time included. */
export type CalendarPeriod = 'hour' | 'day' | 'month'

/** From a moment on, up to another; milliseconds since the Unix epoch. */
export interface Period {
  readonly start: number
  readonly end: number
}

const SECOND = 1_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Making one takes longer than using it a dozen times. A process has one time zone; tests have as many as there are. */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(timeZone, format)
  return format
}

/** @returns by how many milliseconds the wall is ahead of UTC at a moment */
function offsetAt(at: number, timeZone: string): number {
  const fields: Record<string, number> = {}
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) fields[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / SECOND) * SECOND
}

/**
 * The moment of a change of the clocks between two moments.
 * @returns the first moment that does not have the offset of `from`
 */
function changeBetween(from: number, to: number, timeZone: string): number {
  const before = offsetAt(from, timeZone)
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2)
    if (offsetAt(middle, timeZone) === before) low = middle
    else high = middle
  }
  return high
}

/**
 * The first moment at which the wall shows a time or, where that time is skipped, a later one.
 * @param wall the time on the wall, as if it were UTC
 */
function momentOf(wall: number, timeZone: string): number {
  const before = offsetAt(wall - DAY, timeZone)
  const after = offsetAt(wall + DAY, timeZone)
  const candidates = [wall - Math.max(before, after), wall - Math.min(before, after)] as const
  const found = candidates.find((moment) => moment + offsetAt(moment, timeZone) === wall)
  return found ?? changeBetween(candidates[0], candidates[1], timeZone)
}

/** An hour of the wall's clock. A change of the clocks ends it, and the hour that is repeated is an hour of its own. */
function hourAt(at: number, timeZone: string): Period {
  const offset = offsetAt(at, timeZone)
  const wall = at + offset
  const start = at - (wall - Math.floor(wall / HOUR) * HOUR)
  const last = start + HOUR - 1
  return {
    start: offsetAt(start, timeZone) === offset ? start : changeBetween(start, at, timeZone),
    end: offsetAt(last, timeZone) === offset ? last + 1 : changeBetween(at, last, timeZone),
  }
}

/** From one midnight, or the midnight before the first of a month, to the next. */
function datesAt(period: 'day' | 'month', at: number, timeZone: string): Period {
  const wall = new Date(at + offsetAt(at, timeZone))
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()]
  const startAfter = (count: number) =>
    momentOf(period === 'day' ? Date.UTC(year, month, day + count) : Date.UTC(year, month + count), timeZone)
  const end = startAfter(1)
  // Where clocks go back at one minute past midnight, the wall shows the evening before once more; that day is over.
  return at < end ? { start: startAfter(0), end } : { start: end, end: startAfter(2) }
}

/**
 * The period of the calendar that contains a moment. Periods follow each other without gaps; a day may have 23 or 25
 * hours, and where clocks skip midnight it begins when they are put forward.
 * @param at milliseconds since the Unix epoch
 * @param timeZone an IANA name, e.g. `Asia/Shanghai`
 * @throws RangeError when there is no such time zone
 */
export function periodAt(period: CalendarPeriod, at: number, timeZone: string): Period {
  const moment = Math.floor(at)
  return period === 'hour' ? hourAt(moment, timeZone) : datesAt(period, moment, timeZone)
}
