import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { dashboardFiles } from '../../scripts/dashboards.ts'
import { grafanaModel } from '../../scripts/dashboards/grafana.ts'
import type { Dashboard, Graph } from '../../scripts/dashboards/model.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { metricsIn, panelsOf, readDashboards, sourceOf } from './dashboards.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** What Prometheus says of its targets and alerts by itself. */
const ITS_OWN = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'ALERTS']

async function exposed(): Promise<ReadonlySet<string>> {
  const { text } = await new Metrics().exposition()
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  )
  return new Set([...names, ...ITS_OWN])
}

const provisioned = Value.Parse(
  Type.Object({ datasources: Type.Array(Type.Object({ uid: Type.String() })) }),
  parse(read('deploy/grafana/provisioning/datasources/prometheus.yml')),
)

describe('the dashboards', () => {
  it('are those that the generator makes; after a change run `npm run docs`', () => {
    expect(readDashboards.map(({ file }) => `deploy/grafana/dashboards/${file}`).sort()).toEqual(
      dashboardFiles.map(({ path }) => path).sort(),
    )
    for (const { path, make } of dashboardFiles) expect(JSON.parse(read(path))).toEqual(JSON.parse(make()))
  })

  it('have uids and titles of their own', () => {
    for (const key of ['uid', 'title'] as const) {
      const values = readDashboards.map((dashboard) => dashboard[key])
      expect(new Set(values).size).toBe(values.length)
    }
  })
})

describe.each(readDashboards.map((one) => [one.file, one] as const))('%s', (_, dashboard) => {
  const panels = panelsOf(dashboard)

  it('gives every panel an id and a letter for each of its queries', () => {
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { targets } of panels) {
      const letters = targets.map(({ refId }) => refId)
      expect(new Set(letters).size).toBe(letters.length)
    }
  })

  it('has no panel without words that say what to do', () => {
    for (const { title, description } of panels) expect(description.length, title).toBeGreaterThan(40)
  })

  it('has no row without panels, and no panel above or beside another', () => {
    const taken = new Set<string>()
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken, `${title} at ${x},${y}`).not.toContain(`${x},${y}`)
          taken.add(`${x},${y}`)
        }
      }
    }
    dashboard.panels.forEach(({ type, title }, at) => {
      if (type === 'row') expect(dashboard.panels[at + 1]?.type, title).toMatch(/stat|timeseries|table/)
    })
  })

  it('asks the data source that is provisioned', () => {
    const uids = provisioned.datasources.map(({ uid }) => uid)
    for (const { datasource, targets } of panels) {
      for (const { uid } of [datasource, ...targets.map((target) => target.datasource)]) {
        expect(uids).toContain(uid)
      }
    }
    for (const { datasource } of dashboard.templating.list) expect(uids).toContain(datasource.uid)
  })

  it('names only metrics that there are, and has no query without one', async () => {
    const known = await exposed()
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const named = metricsIn(expr)
        expect(named.length, title).toBeGreaterThan(0)
        expect(
          named.filter((name) => !known.has(name)),
          title,
        ).toEqual([])
      }
    }
    for (const { definition } of dashboard.templating.list)
      expect(known).toContain(sourceOf(definition).metric)
  })

  it('uses every variable that it has, and no other', () => {
    const used = panels.flatMap(({ title, targets }) =>
      [title, ...targets.map(({ expr }) => expr)].flatMap((text) =>
        [...text.matchAll(/\$([a-zA-Z]\w*)/g)].map(([, name = '']) => name),
      ),
    )
    expect([...new Set(used)].sort()).toEqual(dashboard.templating.list.map(({ name }) => name).sort())
  })
})

describe('the tokenizer of this test', () => {
  it.each([
    ['sum by (le, x) (rate(a_bucket{b="c"}[1m])) >= 0', ['a_bucket']],
    ['topk(10, a) / on (x) group_left (y) (b > 0) and c', ['a', 'b', 'c']],
    ['time() - a{b=~"$x"} * 1e9 or vector(0)', ['a']],
    ['label_replace(rate(a[$__range]), "b", "$1", "c", "(d|\\"e).*")', ['a']],
  ])('finds the metrics in %s', (expr, metrics) => {
    expect(metricsIn(expr)).toEqual(metrics)
  })
})

describe('the generator', () => {
  const graph: Graph = {
    kind: 'graph',
    title: 'a graph',
    description: 'of a test',
    unit: 'none',
    queries: [{ expr: 'up', legend: 'up' }],
    width: 12,
  }
  const withPanels = (...panels: readonly [Graph, ...Graph[]]): Dashboard => ({
    name: 'test',
    title: 'Test',
    description: '',
    variables: [],
    rows: [{ title: 'row', panels }],
  })

  it.each([
    ['crosses the edge', withPanels(graph, { ...graph, width: 16 })],
    ['is not full', withPanels(graph)],
  ])('refuses a line that %s', (reason, dashboard) => {
    expect(() => grafanaModel(dashboard)).toThrow(reason)
  })
})
