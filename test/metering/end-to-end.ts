import { isRecord, type TestGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'

/** A row of the books as the operator reads it. */
export interface Row extends Record<string, unknown> {
  readonly request_id: string
  readonly state: string
}

function isRow(value: unknown): value is Row {
  return isRecord(value) && typeof value.request_id === 'string' && typeof value.state === 'string'
}

/** The rows of an operation, newest first; of all operations without a name. */
export async function rowsOf(gateway: Pick<TestGateway, 'admin'>, operation = ''): Promise<Row[]> {
  const filter = operation === '' ? '' : `&operation=${operation}`
  const { items } = await gateway.admin('GET', `/admin/v1/requests?limit=100${filter}`)
  if (!Array.isArray(items)) throw new Error(`not a page of rows: ${JSON.stringify(items)}`)
  return items.filter(isRow)
}

/** The row of an answer, by the id that it came with, as it is when the call is over. */
export async function rowOf(gateway: Pick<TestGateway, 'admin'>, answer: Response): Promise<Row> {
  const id = answer.headers.get('x-request-id')
  return endedRow(gateway, '', (row) => row.request_id === id)
}

/** The newest row of an operation that is not open any more, once there is one. */
export async function endedRow(
  gateway: Pick<TestGateway, 'admin'>,
  operation: string,
  fits: (row: Row) => boolean = () => true,
): Promise<Row> {
  let found: Row | undefined
  for (const end = performance.now() + 5_000; performance.now() < end;) {
    found = (await rowsOf(gateway, operation)).find(fits)
    if (found !== undefined && found.state !== 'open') return found
  }
  throw new Error(`no row of ${operation} has ended: ${JSON.stringify(found)}`)
}

/** What a user reads of an answer: all of it, or what came until it broke off. */
export async function readAll(
  answer: Response,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const decoder = new TextDecoder()
  const body: ReadableStream<Uint8Array> | null = answer.body
  const reader = body?.getReader()
  let text = ''
  try {
    for (;;) {
      const piece = await reader?.read()
      if (piece?.value === undefined) return { text, isWhole: true }
      text += decoder.decode(piece.value, { stream: true })
    }
  } catch {
    return { text, isWhole: false }
  }
}

/** Waits until the emulator has seen the end of every request. */
export function upstreamQuiet({ emulator }: TestGateway): Promise<void> {
  return until(() => emulator.requests.every(({ closedAt }) => closedAt !== undefined), 'the end upstream')
}
