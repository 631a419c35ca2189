import type { Figure } from './measure.ts'
import type { TargetName } from './targets.ts'
import type { Workload } from './workloads.ts'

/** The machine and the versions that figures belong to. */
export interface Setting {
  readonly date: string
  readonly node: string
  readonly cores: number
  readonly cpu: string
  readonly packages: Readonly<Record<string, string>>
  readonly rounds: number
  readonly seconds: number
}

const LABELS: Readonly<Record<TargetName, string>> = {
  direct: 'direct (no proxy)',
  bare: 'bare @fastify/http-proxy',
  gateway: 'minimax-gateway',
  session: 'minimax-gateway, session token',
  jwt: 'minimax-gateway, JWT',
  nginx: 'nginx',
}

const MIB = 1024 * 1024

/** A number with three digits that count; – where there is none. */
export function shown(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 2)
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, at) => (at === 0 ? '---' : '--:'))
  return [head, rule, ...rows].map(row).join('\n')
}

function figuresOf(workload: Workload, figures: readonly Figure[]): string {
  const latency = workload.latency === 'event' ? 'event delay' : 'latency'
  const head = ['', 'CPU µs/request', 'requests/s', `${latency} p50 ms`, 'p99 ms', 'errors', 'RSS MiB']
  const rows = figures.map((one) => [
    LABELS[one.target],
    shown(one.cpuMicrosPerAnswer),
    shown(one.perSecond),
    shown(one.p50),
    shown(one.p99),
    String(one.errors),
    shown(one.residentBytes === null ? null : one.residentBytes / MIB),
  ])
  return `### ${workload.name}: ${workload.title}\n\n${table(head, rows)}`
}

/** Targets that are the gateway; they differ in what it is called with. */
const CREDENTIALS = ['gateway', 'session', 'jwt'] as const

/** How the gateway stands to the others under one workload. */
export interface Ratios {
  readonly workload: string
  /** With which credential it was called. */
  readonly credential: (typeof CREDENTIALS)[number]
  /** CPU per request, gateway over bare. */
  readonly cpuToBare: number | null
  readonly cpuToNginx: number | null
  readonly maxCpuToBare: number | null
  /** Latencies, gateway over direct and the difference in milliseconds. */
  readonly p50ToDirect: number | null
  readonly p50Added: number | null
  readonly p99Added: number | null
}

function ratio(a: number | null | undefined, b: number | null | undefined): number | null {
  return typeof a === 'number' && typeof b === 'number' && b > 0 ? a / b : null
}

function difference(a: number | undefined, b: number | undefined): number | null {
  return a === undefined || b === undefined ? null : a - b
}

function ratiosWith(
  credential: Ratios['credential'],
  workload: Workload,
  of: (target: TargetName) => Figure | undefined,
): Ratios {
  const [direct, bare, gateway, nginx] = [of('direct'), of('bare'), of(credential), of('nginx')]
  return {
    workload: workload.name,
    credential,
    cpuToBare: ratio(gateway?.cpuMicrosPerAnswer, bare?.cpuMicrosPerAnswer),
    cpuToNginx: ratio(gateway?.cpuMicrosPerAnswer, nginx?.cpuMicrosPerAnswer),
    maxCpuToBare: workload.maxCpuRatio,
    p50ToDirect: ratio(gateway?.p50, direct?.p50),
    p50Added: difference(gateway?.p50, direct?.p50),
    p99Added: difference(gateway?.p99, direct?.p99),
  }
}

/** @returns one for each credential with which the workload was measured */
export function ratiosOf(workload: Workload, figures: readonly Figure[]): Ratios[] {
  const of = (target: TargetName): Figure | undefined => figures.find((one) => one.target === target)
  return CREDENTIALS.filter((credential) => of(credential) !== undefined).map((credential) =>
    ratiosWith(credential, workload, of),
  )
}

function ratiosTable(ratios: readonly Ratios[]): string {
  const head = [
    'gateway',
    'CPU ÷ bare',
    'target',
    'CPU ÷ nginx',
    'p50 ÷ direct',
    'p50 added ms',
    'p99 added ms',
  ]
  const rows = ratios.map((one) => [
    one.credential === 'gateway' ? one.workload : `${one.workload}, ${one.credential}`,
    shown(one.cpuToBare),
    one.maxCpuToBare === null ? '–' : `≤ ${one.maxCpuToBare}`,
    shown(one.cpuToNginx),
    shown(one.p50ToDirect),
    shown(one.p50Added),
    shown(one.p99Added),
  ])
  return table(head, rows)
}

/** What went wrong, where anything did: figures with errors are not to be believed. */
export function warningsOf(figures: readonly Figure[]): string[] {
  return figures
    .filter(({ errors }) => errors > 0)
    .map((one) => `${one.workload}, ${one.target}: ${one.errors} errors (${one.firstError ?? 'unknown'})`)
}

/** All of a run as Markdown. */
export function markdown(
  setting: Setting,
  workloads: readonly Workload[],
  figures: readonly Figure[],
  notices: readonly string[],
): string {
  const versions = Object.entries(setting.packages).map(([name, version]) => `${name} ${version}`)
  const of = (workload: Workload): Figure[] => figures.filter((one) => one.workload === workload.name)
  const remarks = [...notices, ...warningsOf(figures)].map((text) => `> ${text}`)
  const parts = [
    '# Benchmark',
    `${setting.date}, Node ${setting.node}, ${setting.cores} cores (${setting.cpu}), ${versions.join(', ')}. ` +
      `Medians of ${setting.rounds} rounds of ${setting.seconds} s; load, upstream and proxy share the machine, so the ratios count.`,
    ...(remarks.length === 0 ? [] : [remarks.join('\n>\n')]),
    '## The gateway beside the others',
    ratiosTable(workloads.flatMap((workload) => ratiosOf(workload, of(workload)))),
    '## Figures',
    ...workloads.map((workload) => figuresOf(workload, of(workload))),
  ]
  return parts.join('\n\n') + '\n'
}
