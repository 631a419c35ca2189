/** RFC 3339, sections 5.6 and 5.7: a date, or a date and a time with its offset. No leap seconds, as in Unix time. */
const WRITTEN =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?:[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)))?$/

/** Fewer digits are seconds, or a year: read as milliseconds they would silently mean January 1970. */
const MILLISECONDS = /^(?:0|\d{12,15})$/

/** The last millisecond of the year 9999, beyond which RFC 3339 has no words. */
const LAST = 253_402_300_799_999

function milliseconds(text: string): number {
  if (MILLISECONDS.test(text)) return Number(text)
  const [, date, time = '00:00:00Z'] = WRITTEN.exec(text) ?? []
  if (date === undefined) return NaN
  // JavaScript reads 30 February as 2 March; a date that exists comes back as it was written.
  if (!new Date(date).toISOString().startsWith(date)) return NaN
  return Date.parse(`${date}T${time}`)
}

/**
 * A moment in milliseconds since the Unix epoch.
 * @param text RFC 3339 (`2026-01-31T12:00:00Z`; finer than a millisecond is cut off), a date alone (its first moment,
 * in UTC), or milliseconds since the Unix epoch (0, or 12 digits and more)
 * @throws RangeError when it is none of these, or not between 1970 and 9999
 */
export function parseTime(text: string): number {
  const time = milliseconds(text)
  if (time >= 0 && time <= LAST) return time
  throw new RangeError(
    'not a time: write 2026-01-31T12:00:00Z, 2026-01-31, or milliseconds since 1970 with 12 digits or more',
  )
}

/** A moment as RFC 3339 writes it, in UTC. @param milliseconds since the Unix epoch */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
