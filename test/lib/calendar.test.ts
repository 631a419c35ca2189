import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { periodAt, type CalendarPeriod } from '../../src/lib/calendar.ts'

const HOUR = 3_600_000
const iso = (at: number) => new Date(at).toISOString().replace(':00.000Z', 'Z')

/** What the clock on the wall shows: `2026-01-31 09:05:00`. */
function wallAt(at: number, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(at)
}

const ZONES = [
  ...['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu'],
  ...['Australia/Lord_Howe', 'America/St_Johns', 'America/Sao_Paulo', 'Pacific/Apia', 'Africa/Cairo'],
  ...['Asia/Tehran', 'America/Havana', 'Pacific/Chatham', 'Africa/Casablanca', 'Antarctica/Troll'],
]

describe('the periods of the calendar', () => {
  it.each<[CalendarPeriod, string, string, string, string]>([
    ['hour', 'UTC', '2026-01-14T12:34Z', '2026-01-14T12:00Z', '2026-01-14T13:00Z'],
    ['hour', 'Asia/Kolkata', '2026-01-14T12:29Z', '2026-01-14T11:30Z', '2026-01-14T12:30Z'],
    ['day', 'Asia/Shanghai', '2026-01-14T16:00Z', '2026-01-14T16:00Z', '2026-01-15T16:00Z'],
    ['day', 'Europe/Berlin', '2026-03-29T12:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z'],
    ['day', 'Europe/Berlin', '2026-10-25T12:00Z', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
    ['month', 'Europe/Berlin', '2026-03-31T21:59Z', '2026-02-28T23:00Z', '2026-03-31T22:00Z'],
    ['month', 'UTC', '2028-02-29T23:59Z', '2028-02-01T00:00Z', '2028-03-01T00:00Z'],
    // The hour that is repeated in autumn is an hour of its own.
    ['hour', 'Europe/Berlin', '2026-10-25T00:30Z', '2026-10-25T00:00Z', '2026-10-25T01:00Z'],
    ['hour', 'Europe/Berlin', '2026-10-25T01:30Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
    // Clocks change by half an hour: at 2:00 they go to 2:30, or back to 1:30.
    ['hour', 'Australia/Lord_Howe', '2026-10-03T15:30Z', '2026-10-03T15:30Z', '2026-10-03T16:00Z'],
    ['hour', 'Australia/Lord_Howe', '2026-04-04T15:10Z', '2026-04-04T15:00Z', '2026-04-04T15:30Z'],
    // Midnight does not exist: the day begins at one o'clock.
    ['day', 'America/Sao_Paulo', '2018-11-04T12:00Z', '2018-11-04T03:00Z', '2018-11-05T02:00Z'],
    // At one minute past midnight clocks went back to the day before.
    ['day', 'America/St_Johns', '2010-11-07T02:45Z', '2010-11-07T02:30Z', '2010-11-08T03:30Z'],
    // There was no 30 December.
    ['day', 'Pacific/Apia', '2011-12-30T09:00Z', '2011-12-29T10:00Z', '2011-12-30T10:00Z'],
    ['day', 'Pacific/Apia', '2011-12-30T11:00Z', '2011-12-30T10:00Z', '2011-12-31T10:00Z'],
  ])('%s in %s at %s', (period, timeZone, at, start, end) => {
    const found = periodAt(period, Date.parse(at), timeZone)
    expect([iso(found.start), iso(found.end)]).toEqual([start, end])
  })

  const moment = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2060, 0) })
  const period = fc.constantFrom<CalendarPeriod>('hour', 'day', 'month')
  const zone = fc.constantFrom(...ZONES)

  it('follow each other without gaps, and contain their moment', () => {
    fc.assert(
      fc.property(moment, period, zone, (at, kind, timeZone) => {
        const found = periodAt(kind, at, timeZone)
        expect(found.start).toBeLessThanOrEqual(at)
        expect(at).toBeLessThan(found.end)
        expect(periodAt(kind, found.start, timeZone)).toEqual(found)
        expect(periodAt(kind, found.end - 1, timeZone)).toEqual(found)
        expect(periodAt(kind, found.end, timeZone).start).toBe(found.end)
        expect(periodAt(kind, found.start - 1, timeZone).end).toBe(found.start)
      }),
      { numRuns: 3_000 },
    )
  })

  it('begin at midnight on the wall wherever there is one, and last as long as they should', () => {
    fc.assert(
      fc.property(
        moment,
        fc.constantFrom('UTC', 'Asia/Shanghai', 'Europe/Berlin', 'America/New_York'),
        (at, timeZone) => {
          const day = periodAt('day', at, timeZone)
          const month = periodAt('month', at, timeZone)
          expect(wallAt(day.start, timeZone)).toMatch(/ 00:00:00$/)
          expect(wallAt(day.start, timeZone).slice(0, 10)).toBe(wallAt(at, timeZone).slice(0, 10))
          expect(wallAt(month.start, timeZone)).toBe(`${wallAt(at, timeZone).slice(0, 7)}-01 00:00:00`)
          expect([23, 24, 25]).toContain((day.end - day.start) / HOUR)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('refuse a time zone that there is not', () => {
    expect(() => periodAt('day', 0, 'Mars/Olympus')).toThrow(RangeError)
  })
})
