import { PREFIX } from '../../src/metrics/families.ts'

export { PREFIX }

/** Grafana's own: at least four scrapes long, so that a rate never falls between two of them. */
export const STEP = '$__rate_interval'
/** Grafana's own: the time that is shown. */
export const RANGE = '$__range'

/** Outcomes for which callers cannot be blamed. What MiniMax refuses for its content or parameters is the caller's. */
export const FAULTS = 'outcome=~"gateway_.*|provider_(rate_limited|account|error|timeout|disconnected)"'

/** Processes that the viewer chose. Node's own metrics have no prefix: this keeps other programs out. */
export const INSTANCES = 'instance=~"$instance"'

/**
 * @param metric without the prefix; `matchers` as they stand within braces
 * @returns its growth a second, summed by labels
 */
export function rate(metric: string, by: readonly string[] = [], matchers = ''): string {
  return `${sumBy(by)}(rate(${PREFIX}${metric}${braces(matchers)}[${STEP}]))`
}

/** As `rate`, but all that was added in the time that is shown. */
export function total(metric: string, by: readonly string[] = [], matchers = ''): string {
  return `${sumBy(by)}(increase(${PREFIX}${metric}${braces(matchers)}[${RANGE}]))`
}

/**
 * As `rate`, of a metric whose series are all there from the start: only of those that have grown in the time that is
 * shown, so that a legend is not full of what never happens.
 */
export function rateOfSeen(metric: string, by: readonly string[], matchers = ''): string {
  return `(${rate(metric, by, matchers)} and ${total(metric, by, matchers)} > 0)`
}

/** @returns a gauge of now, summed by labels */
export function gauge(metric: string, by: readonly string[] = [], matchers = ''): string {
  return `${sumBy(by)}(${PREFIX}${metric}${braces(matchers)})`
}

/**
 * @param metric a histogram without the prefix
 * @returns the value below which a share of the observations lies; nothing where there was none
 */
export function quantile(share: number, metric: string, by: readonly string[] = [], matchers = ''): string {
  return `histogram_quantile(${share}, ${rate(`${metric}_bucket`, ['le', ...by], matchers)}) >= 0`
}

/** @returns a share or a mean; nothing where it would divide by zero */
export function ratio(of: string, by: string): string {
  return `${of} / (${by} > 0)`
}

/** @returns 0 where a sum has no series yet: that nothing has happened is an answer, too */
export function orZero(expr: string): string {
  return `(${expr} or vector(0))`
}

function sumBy(labels: readonly string[]): string {
  return labels.length === 0 ? 'sum' : `sum by (${labels.join(', ')}) `
}

function braces(matchers: string): string {
  return matchers === '' ? '' : `{${matchers}}`
}
