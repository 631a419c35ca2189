import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTime, parseTime } from '../../src/lib/times.ts'

const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

describe('a time', () => {
  it.each([
    ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
    ['2026-01-31t12:00:00z', Date.UTC(2026, 0, 31, 12)],
    ['2026-01-31T12:00:00.5Z', Date.UTC(2026, 0, 31, 12, 0, 0, 500)],
    ['2026-01-31T12:00:00.123456789Z', Date.UTC(2026, 0, 31, 12, 0, 0, 123)],
    ['2026-01-31T12:00:00+08:00', Date.UTC(2026, 0, 31, 4)],
    ['2026-01-31T12:00:00-03:30', Date.UTC(2026, 0, 31, 15, 30)],
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['1767225600000', Date.UTC(2026, 0, 1)],
    ['0', 0],
  ])('is read from %s', (text, time) => {
    expect(parseTime(text)).toBe(time)
  })

  it.each([
    ['nothing', ''],
    ['seconds', '1767225600'],
    ['a year', '2026'],
    ['a month', '2026-01'],
    ['no offset', '2026-01-31T12:00:00'],
    ['a space for the T', '2026-01-31 12:00:00Z'],
    ['a plus that became a space', '2026-01-31T12:00:00 08:00'],
    ['a day that is none', '2026-02-30'],
    ['29 February of a common year', '2026-02-29T00:00:00Z'],
    ['the month 13', '2026-13-01'],
    ['the hour 24', '2026-01-01T24:00:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['an offset of a day', '2026-01-01T00:00:00+24:00'],
    ['a time before 1970', '1969-12-31T23:59:59Z'],
    ['a time beyond the year 9999', '999999999999999'],
    ['a negative number', '-1'],
    ['an exponent', '1e12'],
    ['digits of another script', '٢٠٢٦-٠١-٠١'],
    ['a duration', '7d'],
    ['a line break behind it', '2026-01-31\n'],
  ])('is not read from %s', (_, text) => {
    expect(() => parseTime(text)).toThrow(RangeError)
  })

  it('is read as it is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST }), (time) => {
        expect(parseTime(formatTime(time))).toBe(time)
      }),
    )
  })

  it('is read or refused, whatever the text, and never anything else', () => {
    const digits = fc.stringMatching(/^[0-9T:.Z+ -]{0,32}$/)
    fc.assert(
      fc.property(fc.oneof(digits, fc.string()), (text) => {
        try {
          const time = parseTime(text)
          expect(Number.isInteger(time) && time >= 0 && time <= LAST).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})
