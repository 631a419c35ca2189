import { open } from 'node:fs/promises'
import { openPriceList, PriceListError, type PriceList } from '../minimax/prices.ts'

/** Some forty times the shipped list; what is larger is another file. */
const MAX_BYTES = 1024 * 1024

/** What a look at the file found: its text, or why there is none. */
export interface Look {
  readonly text: string | undefined
  readonly problem: string | undefined
}

/** Everything that is wrong with the operator's file of prices, one line each. */
export class PriceFileError extends Error {
  override readonly name = 'PriceFileError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

function nothing(problem: string): Look {
  return { text: undefined, problem }
}

/**
 * The whole file, at every look: it is small, and neither its times nor the system's notices tell reliably that a file
 * was replaced (editors, ConfigMaps, network drives).
 */
export async function readPrices(path: string): Promise<Look> {
  try {
    await using file = await open(path, 'r')
    const stat = await file.stat()
    if (!stat.isFile()) return nothing('is not a file. Name a JSON file')
    if (stat.size > MAX_BYTES) return nothing(`has more than ${MAX_BYTES} bytes. Name a file of prices`)
    const text = await file.readFile('utf8')
    return { text: text.startsWith('\uFEFF') ? text.slice(1) : text, problem: undefined }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return nothing(`cannot be read (${code}). Check the path and its permissions`)
  }
}

/** Where the text stops being JSON, without a word of it: by a slip the setting may name a file of secrets. */
function whereOf(error: unknown): string {
  const [, place] = /\((line \d+ column \d+)\)/.exec(error instanceof Error ? error.message : '') ?? []
  return place === undefined ? '' : ` at ${place}`
}

function parse(text: string): { readonly json: unknown } | { readonly problem: string } {
  try {
    const json: unknown = JSON.parse(text)
    return { json }
  } catch (error) {
    return { problem: `is not JSON${whereOf(error)}. Mend it` }
  }
}

/** The list that a file holds, or every problem with it, one line each and with its place in the JSON. */
export function inspectPrices(
  path: string,
  look: Look,
): { readonly list: PriceList } | { readonly problems: readonly string[] } {
  const line = (problem: string) => `PRICES_FILE (${path}): ${problem}.`
  if (look.text === undefined) return { problems: [line(look.problem ?? 'is empty')] }
  const parsed = parse(look.text)
  if ('problem' in parsed) return { problems: [line(parsed.problem)] }
  try {
    return { list: openPriceList(parsed.json) }
  } catch (error) {
    if (!(error instanceof PriceListError)) throw error
    return {
      problems: error.problems.map((one) =>
        line(`${one.path === '' ? 'the price list' : one.path} ${one.message}`),
      ),
    }
  }
}
