import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

const FOLDER = join(import.meta.dirname, '../../deploy/grafana/dashboards')

const Place = Type.Object({ x: Type.Number(), y: Type.Number(), w: Type.Number(), h: Type.Number() })
const Datasource = Type.Object({ type: Type.Literal('prometheus'), uid: Type.String() })

const Heading = Type.Object({
  id: Type.Integer(),
  type: Type.Literal('row'),
  title: Type.String({ minLength: 1 }),
  gridPos: Place,
})

const Panel = Type.Object({
  id: Type.Integer(),
  type: Type.Union([Type.Literal('stat'), Type.Literal('timeseries'), Type.Literal('table')]),
  title: Type.String({ minLength: 1 }),
  description: Type.String({ minLength: 1 }),
  datasource: Datasource,
  gridPos: Place,
  fieldConfig: Type.Object({ defaults: Type.Object({ unit: Type.String({ minLength: 1 }) }) }),
  targets: Type.Array(
    Type.Object({
      refId: Type.String(),
      expr: Type.String({ minLength: 1 }),
      legendFormat: Type.String({ minLength: 1 }),
      datasource: Datasource,
    }),
    { minItems: 1 },
  ),
})

const Dashboard = Type.Object({
  uid: Type.String({ pattern: '^[\\w-]{1,40}$' }),
  title: Type.String({ minLength: 1 }),
  schemaVersion: Type.Integer(),
  templating: Type.Object({
    list: Type.Array(
      Type.Object({
        name: Type.String(),
        datasource: Datasource,
        definition: Type.String(),
        multi: Type.Boolean(),
      }),
    ),
  }),
  panels: Type.Array(Type.Union([Heading, Panel])),
})

/** A panel that asks Prometheus, as Grafana reads it. */
export type ReadPanel = Static<typeof Panel>
/** A heading over panels. */
export type ReadHeading = Static<typeof Heading>
/** A dashboard as Grafana reads it, with the name of its file. */
export type ReadDashboard = Static<typeof Dashboard> & { readonly file: string }

/** Every committed dashboard. Throws when one is not as Grafana takes it. */
export const readDashboards: readonly ReadDashboard[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({
    file,
    ...Value.Parse(Dashboard, JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))),
  }))

/** The panels of a dashboard that ask Prometheus. */
export function panelsOf({ panels }: ReadDashboard): ReadPanel[] {
  return panels.filter((panel) => panel.type !== 'row')
}

/** @returns the metric and the label that a variable's values are those of; throws when its definition is another */
export function sourceOf(definition: string): { readonly metric: string; readonly label: string } {
  const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? []
  if (metric === undefined || label === undefined) throw new Error(`not understood: ${definition}`)
  return { metric, label }
}

/** Words of PromQL that are no metrics: operators between vectors. */
const OPERATORS = new Set(['and', 'or', 'unless', 'bool', 'offset'])

/** @returns the metrics that an expression names, without repetition */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
  const words = [...bare.matchAll(/(?<![\w:$.])([a-zA-Z_:][\w:]*)\s*(\(?)/g)]
  return [
    ...new Set(words.flatMap(([, word = '', call]) => (call === '' && !OPERATORS.has(word) ? [word] : []))),
  ]
}
