/** What one client did. */
export interface Client {
  readonly name: string
  /** Requests in each window of ten minutes, from the first. */
  readonly requests: readonly number[]
}

/** A traffic file that cannot be replayed; the message names the line. */
export class TrafficProblem extends Error {}

/** The windows that are replayed are as long as the detector's own. Seconds. */
const WINDOW_S = 600

/** One line: what the format asks of it. */
function clientOf(line: string, number: number): Client {
  const problem = (text: string): TrafficProblem => new TrafficProblem(`line ${String(number)}: ${text}`)
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw problem('not JSON')
  }
  if (typeof value !== 'object' || value === null) throw problem('not an object')
  const { client, window_s: seconds, requests } = { client: undefined, window_s: 0, requests: 0, ...value }
  if (typeof client !== 'string') throw problem('`client` is not a text')
  if (seconds !== WINDOW_S) throw problem(`\`window_s\` is not ${String(WINDOW_S)}`)
  if (!Array.isArray(requests)) throw problem('`requests` is not a list')
  const counts: number[] = []
  for (const [index, count] of (requests as readonly unknown[]).entries()) {
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      throw problem(`\`requests[${String(index)}]\` is not a whole number of zero or more`)
    }
    counts.push(count)
  }
  return { name: client, requests: counts }
}

/**
 * Reads a traffic file: one client a line, as JSON `{client, window_s: 600, requests: [...]}`.
 * @param windows how many windows each client must have
 * @throws TrafficProblem on the first line that is none, and when there is no client
 */
export function parseTraffic(text: string, windows: number): readonly Client[] {
  const clients: Client[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const client = clientOf(line, index + 1)
    if (client.requests.length !== windows) {
      throw new TrafficProblem(
        `line ${String(index + 1)}: ${String(client.requests.length)} windows instead of ${String(windows)}`,
      )
    }
    clients.push(client)
  }
  if (clients.length === 0) throw new TrafficProblem('there is no client in the file')
  return clients
}
