import type { Colour, Dashboard, Graph, Panel, Query, Stat, Table, Threshold, Variable } from './model.ts'

/** The uid in deploy/grafana/provisioning/datasources/prometheus.yml. */
const DATASOURCE = { type: 'prometheus', uid: 'prometheus' } as const
/** The version of the model that Grafana 12.1 writes; later ones read it. */
const SCHEMA_VERSION = 41
/** Of the panels' own options. Without it Grafana takes them for very old ones, and migrates what needs no migration. */
const PLUGIN_VERSION = '12.1.0'
const COLUMNS = 24
/** Heights in Grafana's units of about 30 pixels. */
const HEIGHTS = { stat: 4, graph: 8, table: 8 } as const
/** On every dashboard, so that each links to all others. */
const TAG = 'minimax-gateway'

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
type Fields = Readonly<Record<string, Json>>

const refId = (at: number): string => String.fromCharCode('A'.charCodeAt(0) + at)

function targets(queries: readonly Query[], isInstant: boolean, format: 'time_series' | 'table'): Json {
  return queries.map(({ expr, legend }, at) => ({
    refId: refId(at),
    datasource: DATASOURCE,
    editorMode: 'code',
    expr,
    format,
    instant: isInstant,
    range: !isInstant,
    legendFormat: legend,
  }))
}

function steps(thresholds: readonly Threshold[], base: Colour): Json {
  return {
    mode: 'absolute',
    steps: [
      { color: base, value: null },
      ...thresholds.map(({ at, colour }) => ({ color: colour, value: at })),
    ],
  }
}

function stat({ of, unit, queries, thresholds = [], base = 'green', words }: Stat): Fields {
  const mappings = words === undefined ? [] : [{ type: 'value', options: worded(words) }]
  return {
    fieldConfig: {
      defaults: { unit, noValue: 'none yet', mappings, thresholds: steps(thresholds, base) },
      overrides: [],
    },
    options: {
      colorMode: thresholds.length > 0 ? 'value' : 'none',
      graphMode: of === 'now' ? 'area' : 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: 'auto',
    },
    targets: targets(queries, of === 'range', 'time_series'),
  }
}

function worded(words: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(Object.entries(words).map(([value, text], index) => [value, { text, index }]))
}

function graph({ unit, queries, thresholds = [], stacked = false, colours = {} }: Graph): Fields {
  const custom = {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: stacked ? 30 : 5,
    showPoints: 'auto',
    // What is missing is not drawn as if it had been there.
    spanNulls: false,
    stacking: { group: 'A', mode: stacked ? 'normal' : 'none' },
    thresholdsStyle: { mode: thresholds.length > 0 ? 'dashed' : 'off' },
  }
  return {
    fieldConfig: {
      defaults: { unit, min: 0, noValue: 'none yet', custom, thresholds: steps(thresholds, 'green') },
      overrides: Object.entries(colours).map(([name, fixedColor]) => ({
        matcher: { id: 'byName', options: name },
        properties: [{ id: 'color', value: { mode: 'fixed', fixedColor } }],
      })),
    },
    options: {
      legend: { calcs: ['lastNotNull', 'max'], displayMode: 'table', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: targets(queries, false, 'time_series'),
  }
}

function table({ unit, queries, thresholds = [], labels }: Table): Fields {
  const values = queries.map(({ legend }, at): [string, string] => [
    // A single answer is not told apart by its letter.
    queries.length === 1 ? 'Value' : `Value #${refId(at)}`,
    legend,
  ])
  const overrides = Object.values(labels).map((head) => ({
    matcher: { id: 'byName', options: head },
    properties: [{ id: 'unit', value: 'string' }],
  }))
  const coloured = thresholds.length > 0 ? { custom: { cellOptions: { type: 'color-text' } } } : {}
  return {
    fieldConfig: {
      defaults: { unit, noValue: 'none yet', thresholds: steps(thresholds, 'green'), ...coloured },
      overrides,
    },
    options: {
      cellHeight: 'sm',
      showHeader: true,
      sortBy: [{ displayName: queries[0].legend, desc: true }],
    },
    targets: targets(queries, true, 'table'),
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: {},
          renameByName: { ...labels, ...Object.fromEntries(values) },
        },
      },
    ],
  }
}

function drawn(panel: Panel): Fields {
  if (panel.kind === 'stat') return { type: 'stat', ...stat(panel) }
  if (panel.kind === 'graph') return { type: 'timeseries', ...graph(panel) }
  return { type: 'table', ...table(panel) }
}

/** Places panels from left to right in lines, each as high as its highest, under the headings of their rows. */
function placed({ name, rows }: Dashboard): Json[] {
  const panels: Json[] = []
  let y = 0
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { h: 1, w: COLUMNS, x: 0, y: y++ },
      panels: [],
    })
    let [x, height] = [0, 0]
    for (const panel of row.panels) {
      const h = HEIGHTS[panel.kind]
      if (x + panel.width > COLUMNS) throw new Error(`${name}: “${panel.title}” crosses the edge`)
      panels.push({
        id: panels.length + 1,
        title: panel.title,
        description: panel.description,
        datasource: DATASOURCE,
        pluginVersion: PLUGIN_VERSION,
        gridPos: { h, w: panel.width, x, y },
        ...drawn(panel),
      })
      height = Math.max(height, h)
      x += panel.width
      if (x === COLUMNS) {
        y += height
        ;[x, height] = [0, 0]
      }
    }
    if (x !== 0) throw new Error(`${name}: the last line of “${row.title}” is not full`)
  }
  return panels
}

function choice({ name, title, metric, label, all }: Variable): Json {
  const definition = `label_values(${metric}, ${label})`
  return {
    name,
    label: title,
    type: 'query',
    datasource: DATASOURCE,
    definition,
    query: { qryType: 1, query: definition, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    current: all ? { selected: true, text: ['All'], value: ['$__all'] } : {},
    includeAll: all,
    multi: all,
    // With the time that is shown: a user of last month is there when last month is.
    refresh: 2,
    regex: '',
    sort: 1,
    options: [],
    hide: 0,
  }
}

/**
 * @param dashboard whose lines of panels are full
 * @returns it in Grafana's own form (the JSON model of grafana.com/docs: view-dashboard-json-model), without an id, as
 *   provisioning wants it
 * @throws Error naming the panel that does not fit
 */
export function grafanaModel(dashboard: Dashboard): Json {
  return {
    uid: `minimax-gateway-${dashboard.name}`,
    title: dashboard.title,
    description: dashboard.description,
    tags: [TAG],
    schemaVersion: SCHEMA_VERSION,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    links: [
      {
        type: 'dashboards',
        title: 'The other dashboards',
        tags: [TAG],
        asDropdown: false,
        includeVars: false,
        keepTime: true,
        targetBlank: false,
      },
    ],
    annotations: { list: [] },
    templating: { list: dashboard.variables.map(choice) },
    panels: placed(dashboard),
  }
}
