/** Units as Grafana names them. Money is in the currency of the metrics, US dollars. */
export type Unit =
  'short' | 'none' | 's' | 'dtdurations' | 'bytes' | 'percentunit' | 'reqps' | 'ops' | 'currencyUSD'

/** A question to Prometheus, and what its answer is called: `{{label}}` stands for the value of a label. */
export interface Query {
  readonly expr: string
  readonly legend: string
}

export type Colour = 'green' | 'yellow' | 'orange' | 'red' | 'blue'

/** From `at` on, in the panel's unit, values have this colour; below the first they are green. */
export interface Threshold {
  readonly at: number
  readonly colour: Colour
}

/** What every panel has. */
interface Common {
  readonly title: string
  /** What is shown, and what to do about it. */
  readonly description: string
  readonly unit: Unit
  readonly queries: readonly [Query, ...Query[]]
  /** Columns of 24. */
  readonly width: number
  readonly thresholds?: readonly Threshold[]
}

/** One number for each query's answer: `now` is its latest, with its past behind it; `range` is over the time that is shown. */
export interface Stat extends Common {
  readonly kind: 'stat'
  readonly of: 'now' | 'range'
  /** Colour of the lowest values, where low is bad. */
  readonly base?: Colour
  /** Words in the place of numbers. */
  readonly words?: Readonly<Record<string, string>>
}

/** Lines over time. */
export interface Graph extends Common {
  readonly kind: 'graph'
  /** Whether the parts make a whole. */
  readonly stacked?: boolean
  /** Colours by legend, where they mean something. */
  readonly colours?: Readonly<Record<string, Colour>>
}

/** A row for each combination of labels, a column for each query, over the time that is shown. Sorted by its first query. */
export interface Table extends Common {
  readonly kind: 'table'
  /** Heads of the columns of labels. */
  readonly labels: Readonly<Record<string, string>>
}

export type Panel = Stat | Graph | Table

/** Panels under one heading. Their widths fill lines of 24 columns. */
export interface Row {
  readonly title: string
  readonly panels: readonly [Panel, ...Panel[]]
}

/** What the viewer chooses: one of the values of a label, or several when `all` of them may be shown at once. */
export interface Variable {
  readonly name: string
  readonly title: string
  readonly metric: string
  readonly label: string
  readonly all: boolean
}

export interface Dashboard {
  /** Name of the file, and the end of the uid: links hold for as long as it stays. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly variables: readonly Variable[]
  readonly rows: readonly [Row, ...Row[]]
}
