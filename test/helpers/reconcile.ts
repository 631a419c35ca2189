import type { Accepted } from '../../emulator/accepts.ts'
import { disagreement, isFree, usageKey, WITHOUT_ACCEPT, type BookRow } from './agreement.ts'
import { matchKeys, matchMost } from './matching.ts'

/** Where the books and what MiniMax took on are not the same. All empty: the books are right. */
export interface Differences {
  /** Accepted calls without a row. */
  readonly missing: readonly Accepted[]
  /** Rows of nothing that was accepted (unless they may be that, and are free), and second rows of a call. */
  readonly doubled: readonly BookRow[]
  readonly differing: readonly Difference[]
}

interface Difference {
  readonly accepted: Accepted
  readonly row: BookRow
  readonly why: string
}

/** Codes with which MiniMax says that it did not take a call on; the gateway may send it again with another key. */
const NOT_TAKEN: ReadonlySet<number> = new Set([1002, 1039, 1041, 2045])

/** Operations that the gateway itself calls, to follow its tasks and to know the system voices. They cost nothing. */
const OWN_CALLS: ReadonlySet<string> = new Set([
  'video.query',
  'video.template.query',
  'video.v2.query',
  'speech.async.query',
  'voice.list',
])

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** What one row alone can be paired by: an answer that went well and said its usage. */
function certainKey({ model, usage, told, sent, failure, task }: Accepted): string | undefined {
  const isCertain = told && sent === 'whole' && failure === null && task === null
  return isCertain ? `${model} ${usageKey(usage)}` : undefined
}

function certainRowKey(row: BookRow): string | undefined {
  const { model, usage, outcome, estimated, state } = row
  const isCertain = outcome === 'ok' && !estimated && state === 'settled'
  const key = usageKey(usage)
  return isCertain && (key !== '' || isFree(row)) ? `${model} ${key}` : undefined
}

function mayLackRow(accepted: Accepted, later: readonly Accepted[]): boolean {
  if (OWN_CALLS.has(accepted.operation)) return true
  const isSentAgain = later.some(({ seq, asked }) => seq > accepted.seq && asked === accepted.asked)
  return NOT_TAKEN.has(accepted.failure?.code ?? 0) && isSentAgain
}

interface Found {
  readonly missing: Accepted[]
  readonly doubled: BookRow[]
  readonly differing: Difference[]
}

function mayStandAlone({ outcome }: BookRow): boolean {
  return outcome !== null && WITHOUT_ACCEPT[outcome] !== undefined
}

/** Compares the calls of one operation. */
function compare(accepts: readonly Accepted[], rows: readonly BookRow[], found: Found): void {
  const certain = matchKeys(accepts, rows, certainKey, certainRowKey)
  // A row that may stand alone must not take the accepted call of one that may not: who is paired first stays paired.
  const byNeed = certain.right.toSorted((a, b) => Number(mayStandAlone(a)) - Number(mayStandAlone(b)))
  const rest = matchMost(byNeed, certain.left, (row, one) => disagreement(one, row) === null)
  const lone = rest.right.filter((one) => !mayLackRow(one, accepts))
  for (const row of rest.left) {
    if (mayStandAlone(row) && isFree(row)) continue
    const accepted = lone.shift()
    if (accepted === undefined) found.doubled.push(row)
    else found.differing.push({ accepted, row, why: disagreement(accepted, row) ?? '' })
  }
  found.missing.push(...lone)
}

/**
 * Compares what MiniMax took on with the rows of the books. Rows carry nothing that MiniMax was sent, so that calls of
 * one operation are told apart by model, usage and outcome only, unless it is known which is which.
 * @param markers by request id, where a caller knows them: the marker that its call carried
 */
export function reconcile(
  accepts: readonly Accepted[],
  rows: readonly BookRow[],
  markers: ReadonlyMap<string, string> = new Map(),
): Differences {
  const found: Found = { missing: [], doubled: [], differing: [] }
  const single: BookRow[] = []
  for (const [first, ...more] of groupBy(rows, ({ requestId }) => requestId).values()) {
    if (first !== undefined) single.push(first)
    found.doubled.push(...more)
  }
  const known = matchKeys(
    // The last one of a marker is the one whose answer was handed on.
    accepts.toReversed(),
    single,
    ({ marker }) => (marker === '' ? undefined : marker),
    ({ requestId }) => markers.get(requestId),
  )
  for (const [accepted, row] of known.pairs) {
    const why = disagreement(accepted, row)
    if (why !== null) found.differing.push({ accepted, row, why })
  }
  const byOperation = groupBy(known.left.toReversed(), ({ operation }) => operation)
  const rowsByOperation = groupBy(known.right, ({ operation }) => operation)
  for (const operation of new Set([...byOperation.keys(), ...rowsByOperation.keys()]))
    compare(byOperation.get(operation) ?? [], rowsByOperation.get(operation) ?? [], found)
  return found
}

function rowText({ requestId, operation, model, outcome, usage, charged, state }: BookRow): string {
  return `${operation} ${model} ${String(outcome)} {${usageKey(usage)}} charged ${charged} ${state} (${requestId})`
}

function acceptText({ seq, operation, model, usage, failure, sent, task }: Accepted): string {
  const end = failure === null ? sent : `failed ${failure.status}/${failure.code}`
  return `#${seq} ${operation} ${model} {${usageKey(usage)}} ${end}${task === null ? '' : ` task ${task.state}`}`
}

/** One line per difference, at most 20 of them; none when the books are right. */
export function describeDifferences({ missing, doubled, differing }: Differences): string[] {
  const lines = [
    ...missing.map((one) => `missing: ${acceptText(one)}`),
    ...doubled.map((row) => `doubled: ${rowText(row)}`),
    ...differing.map(
      ({ accepted, row, why }) => `differing: ${why}: ${rowText(row)} / ${acceptText(accepted)}`,
    ),
  ]
  return lines.length > 20 ? [...lines.slice(0, 20), `and ${lines.length - 20} more`] : lines
}
