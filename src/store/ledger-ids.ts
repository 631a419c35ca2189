/** The last time that an id can begin with: 48 bits. */
const LAST = 2 ** 48 - 1

/**
 * Ids of requests begin with their time (see lib/ids.ts), so that a range of times is a range of ids.
 * @param at milliseconds since the Unix epoch
 * @returns what no id of an earlier request reaches, and every id of that time or later does
 */
export function idFromTime(at: number): string {
  const clamped = Math.min(Math.max(Math.ceil(at), 0), LAST)
  return clamped.toString(16).padStart(12, '0')
}
