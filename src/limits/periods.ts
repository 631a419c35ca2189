import { periodAt, type CalendarPeriod, type Period } from '../lib/calendar.ts'

const NONE: Period = { start: 0, end: 0 }

/** The periods of one time zone. The last one that was asked for is remembered: it nearly always is the next one too. */
export class Periods {
  readonly #timeZone: string
  readonly #last: Record<CalendarPeriod, Period> = { hour: NONE, day: NONE, month: NONE }

  /** @throws RangeError when there is no such time zone */
  constructor(timeZone: string) {
    this.#timeZone = timeZone
    periodAt('hour', 0, timeZone)
  }

  /** @returns the period that contains a moment, in milliseconds since the Unix epoch */
  at(period: CalendarPeriod, moment: number): Period {
    const last = this.#last[period]
    if (moment >= last.start && moment < last.end) return last
    return (this.#last[period] = periodAt(period, moment, this.#timeZone))
  }
}
