import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Metrics } from '../../src/metrics/metrics.ts'
import { ADMIN_TOKEN, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { panelsOf, readDashboards, sourceOf, type ReadDashboard } from './dashboards.ts'
import { demoRound, LOAD_ENV, mischief } from './load.ts'
import { serveMetrics, type MetricsServer } from './metrics-server.ts'
import { isInstalled, startPrometheus, type Prometheus, type PrometheusSample } from './prometheus.ts'

/** What Grafana puts in, when the time that is shown is all that the test took. */
const TIMES: Readonly<Record<string, string>> = { __rate_interval: '1m', __range: '5m' }

/** Panels whose numbers must have moved: that they are there is not enough. */
const MOVED: Readonly<Record<string, readonly string[]>> = {
  'overview.json': ['Requests', 'Charged', 'Margin', 'First byte, 95 %'],
  'users.json': ['Charged', 'Share of all spend', 'Top users'],
  'abuse.json': ['Incidents', 'Throttled or suspended', 'Revoked tokens tried'],
  'upstream.json': ['Keys', 'Failed at MiniMax'],
  'gateway.json': ['Scraped', 'CPU for a request', 'Samples in a scrape'],
}

let gateway: TestGateway
let incidents: MetricsServer
let prometheus: Prometheus

const isThere = isInstalled('prometheus')

beforeAll(async () => {
  if (!isThere) return
  gateway = await startGateway({ env: LOAD_ENV })
  // An incident takes days of a token's past: those that are shown here were only counted.
  const counted = new Metrics()
  incidents = await serveMetrics(counted)
  const targets = [new URL(gateway.adminUrl).host, incidents.target]
  prometheus = await startPrometheus({ targets, token: ADMIN_TOKEN })
  const { token } = await gateway.token()
  // Twice: what is counted for the first time has nothing to have grown from.
  for (const isFirst of [true, false]) {
    await demoRound(gateway, token, isFirst)
    await mischief(gateway)
    counted.incident('distinct_sources', 'throttle')
    counted.incident('leak_report', 'suspend')
    await prometheus.scraped(2)
  }
}, 120_000)

afterAll(async () => {
  if (!isThere) return
  await prometheus.close()
  await incidents[Symbol.asyncDispose]()
  await gateway.close()
})

/** The values that Grafana would offer for the variables of a dashboard, as it writes them into a query. */
async function valuesOf(dashboard: ReadDashboard): Promise<ReadonlyMap<string, string>> {
  const values = new Map(Object.entries(TIMES))
  for (const { name, definition, multi } of dashboard.templating.list) {
    const { metric, label } = sourceOf(definition)
    const found = await prometheus.query(`count by (${label}) (${metric})`)
    const all = found.map((sample) => sample.metric[label] ?? '').filter((value) => value !== '')
    const escaped = all.map((value) => value.replace(/[.+*?^$()[\]{}|\\]/g, '\\\\$&'))
    values.set(name, multi ? `(${escaped.join('|')})` : (all.find((value) => !value.startsWith('_')) ?? ''))
  }
  return values
}

function filledIn(expr: string, values: ReadonlyMap<string, string>): string {
  return expr.replace(/\$([a-zA-Z_]\w*)/g, (_, name: string) => {
    const value = values.get(name)
    if (value === undefined || value === '') throw new Error(`there is nothing to choose for $${name}`)
    return value
  })
}

function numbers(samples: readonly PrometheusSample[]): number[] {
  return samples.map(({ value: [, text] }) => Number(text)).filter((value) => Number.isFinite(value))
}

describe.skipIf(!isThere).each(readDashboards.map((one) => [one.file, one] as const))(
  '%s',
  (file, dashboard) => {
    it.each(
      panelsOf(dashboard).flatMap(({ title, targets }) =>
        targets.map(({ expr, legendFormat }) => [title, legendFormat, expr] as const),
      ),
    )('shows something in “%s”: %s', async (title, _, expr) => {
      const found = numbers(await prometheus.query(filledIn(expr, await valuesOf(dashboard))))
      expect(found.length).toBeGreaterThan(0)
      if (MOVED[file]?.includes(title) === true) expect(Math.max(...found.map(Math.abs))).toBeGreaterThan(0)
    })
  },
)
