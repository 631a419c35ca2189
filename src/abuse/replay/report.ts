/** What an alarm is counted by: each rule alone, and all together. */
export const ALL = 'all'

/** Attacks, in multiples of the client's own p99. */
export const SIZES = [0.5, 1, 3, 10] as const

/** How many attacks of one size a rule found. */
export interface Recall {
  readonly size: number
  readonly trials: number
  readonly found: number
  /** `found` of `trials`; NaN of none. */
  readonly recall: number
  /** The median over those found; NaN of none. Minutes. */
  readonly delayMinutes: number
}

/** What one rule did. */
export interface RuleReport {
  readonly rule: string
  readonly falseAlarmsPerClientWeek: number
  /** Clients without a false alarm, of all. */
  readonly silentClients: number
  readonly recalls: readonly Recall[]
}

/** What all rules did on some of the clients. */
export interface Report {
  readonly name: string
  /** In the file, of this part. */
  readonly clients: number
  /** With at least a day of activity in both weeks: those that are judged. */
  readonly judged: number
  readonly seed: number
  readonly attacksPerClient: number
  /** False alarms of clients that are not judged, for having hardly a past; all rules. Per client-week. */
  readonly falseAlarmsOfOthers: number
  readonly rules: readonly RuleReport[]
}

const WIDTHS = [30, 12, 8, 12, 12, 12, 12]

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[index] ?? 0)))
    .join(' ')
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits)
}

/** A report as a table for people: recall, and the median delay in minutes after a stroke. */
export function tableOf(report: Report): string {
  const head = row(['rule', 'false/week', 'silent', ...SIZES.map((size) => `+${String(size)}x p99`)])
  const rows = report.rules.map(({ rule, falseAlarmsPerClientWeek, silentClients, recalls }) =>
    row([
      rule,
      number(falseAlarmsPerClientWeek, 3),
      `${number(100 * silentClients, 0)} %`,
      ...recalls.map(({ recall, delayMinutes }) => `${number(recall, 3)}/${number(delayMinutes, 0)}`),
    ]),
  )
  const { name, clients, judged, attacksPerClient, seed, falseAlarmsOfOthers } = report
  const about = `${name}: ${String(judged)} of ${String(clients)} clients judged (a day of activity in both weeks), ${String(attacksPerClient)} attacks of each size on each, seed ${String(seed)}`
  const others = `clients that are not judged, all rules: ${number(falseAlarmsOfOthers, 3)} false alarms per client-week`
  return [about, head, ...rows, others, ''].join('\n')
}
