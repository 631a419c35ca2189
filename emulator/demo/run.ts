import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { isBilled, problemOf, sumsOf, type BookRow } from './books.ts'
import type { Caller } from './caller.ts'
import type { GatewayProcess, RequestLine } from './gateway.ts'
import { table, took } from './show.ts'
import type { Step } from './step.ts'
import { aligned, money, usageOfAll, used } from './used.ts'

/** What became of a step. */
export interface Taken {
  readonly step: Step
  /** What came back; undefined when it failed. */
  readonly found: string | undefined
  /** Why it failed; undefined when it did not. */
  readonly failure: string | undefined
  readonly milliseconds: number
  readonly requestIds: readonly string[]
}

/** Takes a step; a failure is told, not thrown. */
export async function take(step: Step, caller: Caller): Promise<Taken> {
  const started = performance.now()
  caller.requestIds = []
  const tried = await step.run(caller).then(
    (found) => ({ found, failure: undefined }),
    (error: unknown) => ({
      found: undefined,
      failure: error instanceof Error ? error.message : String(error),
    }),
  )
  return { step, ...tried, milliseconds: performance.now() - started, requestIds: caller.requestIds }
}

function linesOf({ step, requestIds }: Taken, lines: readonly RequestLine[]): RequestLine[] {
  return lines.filter((line) => requestIds.includes(line.requestId) || line.operation === step.operation)
}

/** Whether the log told of every request of a step. */
function isLogged(taken: Taken, lines: readonly RequestLine[]): boolean {
  const known = linesOf(taken, lines)
  const ids = new Set(known.map((line) => line.requestId))
  const { operation } = taken.step
  return (
    taken.requestIds.every((id) => ids.has(id)) &&
    (operation === undefined || known.some((line) => line.operation === operation))
  )
}

/** The operation that stands for a step, the one that costs or else the first, and how many calls more there were. */
function operationOf(lines: readonly RequestLine[]): string {
  const main = lines.find(({ operation }) => isBilled(operation)) ?? lines[0]
  if (main === undefined) return ''
  return lines.length === 1 ? main.operation : `${main.operation} +${lines.length - 1}`
}

/** A finished demo: its table, and a line for each thing that failed. */
export interface Report {
  readonly table: string
  readonly failures: readonly string[]
}

const HEAD = [
  'MODALITY',
  'OPERATION',
  'MODEL',
  'OUTCOME',
  'TIME',
  'USED',
  'LIST',
  'CHARGED',
  'WHAT CAME BACK',
] as const
const RIGHT: ReadonlySet<number> = new Set([4, 6, 7])

/** Operations that the gateway answers by itself: these never were calls to MiniMax. */
const OWN: ReadonlySet<string> = new Set(
  OPERATIONS.flatMap(({ name, answeredBy }) => (answeredBy === 'gateway' ? [name] : [])),
)

/** What became of a step, by the log and by the books. */
interface Judged {
  readonly taken: Taken
  readonly lines: readonly RequestLine[]
  readonly rows: readonly BookRow[]
  readonly bad: string
  /** Why it failed; undefined when it did not. */
  readonly because: string | undefined
}

function judge(taken: Taken, all: readonly RequestLine[], books: readonly BookRow[]): Judged {
  const lines = linesOf(taken, all)
  const ids = new Set(lines.map(({ requestId }) => requestId))
  const rows = books.filter(({ requestId }) => ids.has(requestId))
  const bad = [...new Set(lines.map(({ outcome }) => outcome))].filter((one) => one !== 'ok').join(', ')
  const because =
    taken.failure ??
    (isLogged(taken, all) ? undefined : 'the gateway logged no line for a request') ??
    (bad === '' ? undefined : `the outcome was ${bad}`) ??
    problemOf(
      lines.filter(({ operation }) => !OWN.has(operation)),
      rows,
    )
  return { taken, lines, rows, bad, because }
}

function amounts(judged: readonly Judged[], of: 'list' | 'charged'): readonly string[] {
  return aligned(
    judged.map(({ rows }) => {
      const sums = sumsOf(rows)
      return sums.list === 0n ? '–' : money(sums[of], sums.currency)
    }),
  )
}

/** Puts together what the steps found with what the gateway's own log and books say of their requests. */
export async function report(
  steps: readonly Taken[],
  gateway: Pick<GatewayProcess, 'requests' | 'logged'>,
  books: readonly BookRow[],
): Promise<Report> {
  const reached = steps.filter((taken) => taken.failure === undefined)
  await gateway.logged((lines) => reached.every((taken) => isLogged(taken, lines)))
  const judged = steps.map((taken) => judge(taken, gateway.requests, books))
  const lists = amounts(judged, 'list')
  const charges = amounts(judged, 'charged')
  const cells = judged.map(({ taken, lines, rows, bad, because }, at) => [
    taken.step.modality,
    operationOf(lines),
    lines.find((line) => line.model !== '')?.model ?? '',
    because === undefined ? 'ok' : `FAILED ${bad}`,
    took(taken.milliseconds),
    used(usageOfAll(rows.map(({ usage }) => usage))),
    lists[at] ?? '',
    charges[at] ?? '',
    taken.found ?? '–',
  ])
  const failures = judged.flatMap(({ taken: { step }, because }) =>
    because === undefined ? [] : [`${step.modality} (${step.about}) failed: ${because}`],
  )
  return { table: table([HEAD, ...cells], RIGHT), failures }
}
