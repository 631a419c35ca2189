import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../log.ts'
import type { PriceReload } from '../metrics/labels.ts'
import { mergePriceLists, SHIPPED_PRICES, type PriceList } from '../minimax/prices.ts'
import { inspectPrices, PriceFileError, readPrices, type Look } from './price-file.ts'

export { PriceFileError } from './price-file.ts'

/** The prices in force, now and before. */
export interface PriceBook {
  readonly list: PriceList
  /**
   * The list that was in force at a time, in epoch milliseconds: a call costs what the list said when it began. Only
   * some are remembered; what is older gets the oldest of them.
   */
  listAt(at: number): PriceList
  /** Looks at the operator's file now instead of at the next turn. Never rejects. */
  refresh(): Promise<void>
  close(): void
}

export interface PriceBookOptions {
  /** The operator's own prices. Without it the shipped list alone holds. */
  readonly path?: string | undefined
  readonly log: Pick<Logger, 'info' | 'error'>
  readonly clock: Clock
  /** Told of every change of the file after the start. */
  readonly onReload?: ((result: PriceReload) => void) | undefined
  /** Milliseconds between two looks at the file. */
  readonly intervalMs?: number
}

const INTERVAL_MS = 2_000

/** How many lists are remembered: calls that began under an older one than these are rare, and short of a day old. */
const MAX_LISTS = 8

interface Period {
  readonly since: number
  readonly list: PriceList
}

class FileWatch {
  readonly #path: string
  readonly #options: PriceBookOptions
  readonly #apply: (list: PriceList) => void
  readonly #timer: NodeJS.Timeout
  /** What the file held when it was last judged. */
  #judged: Look
  /** What it held at the last look, when that was wrong: it counts once the next look finds the same. */
  #suspect: Look | undefined
  #looking: Promise<void> | undefined

  constructor(path: string, judged: Look, options: PriceBookOptions, apply: (list: PriceList) => void) {
    this.#path = path
    this.#judged = judged
    this.#options = options
    this.#apply = apply
    this.#timer = setInterval(() => void this.look(), options.intervalMs ?? INTERVAL_MS)
    this.#timer.unref()
  }

  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #look(): Promise<void> {
    const look = await readPrices(this.#path)
    if (isSame(look, this.#judged)) {
      this.#suspect = undefined
      return
    }
    const { log, onReload } = this.#options
    const found = inspectPrices(this.#path, look)
    if ('list' in found) {
      this.#judge(look)
      this.#apply(found.list)
      log.info({ version: found.list.version }, 'the price list has changed')
      onReload?.('applied')
      return
    }
    // Half-written, or gone while an editor puts another in its place: the next look tells.
    if (!isSame(look, this.#suspect)) {
      this.#suspect = look
      return
    }
    this.#judge(look)
    log.error({ problems: found.problems }, 'the price list is refused; the one before stays in force')
    onReload?.('refused')
  }

  #judge(look: Look): void {
    this.#judged = look
    this.#suspect = undefined
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

function isSame(a: Look, b: Look | undefined): boolean {
  return b !== undefined && a.text === b.text && a.problem === b.problem
}

/**
 * Opens the prices: MiniMax's list as it was shipped, and over it the operator's own, which is read again whenever the
 * file changes. A file that is wrong changes nothing.
 * @throws PriceFileError when the operator's file is wrong at the start
 */
export async function openPriceBook(options: PriceBookOptions): Promise<PriceBook> {
  const { path, clock } = options
  const periods: Period[] = []
  let current: Period = { since: clock.now(), list: SHIPPED_PRICES }
  let watch: FileWatch | undefined

  if (path !== undefined) {
    const look = await readPrices(path)
    const found = inspectPrices(path, look)
    if ('problems' in found) throw new PriceFileError(found.problems)
    current = { since: current.since, list: mergePriceLists(SHIPPED_PRICES, found.list) }
    watch = new FileWatch(path, look, options, (list) => {
      periods.unshift(current)
      if (periods.length >= MAX_LISTS) periods.pop()
      current = { since: clock.now(), list: mergePriceLists(SHIPPED_PRICES, list) }
    })
  }

  return {
    get list() {
      return current.list
    },
    listAt(at) {
      if (at >= current.since || periods.length === 0) return current.list
      return (periods.find(({ since }) => at >= since) ?? periods.at(-1) ?? current).list
    },
    refresh: () => watch?.look() ?? Promise.resolve(),
    close: () => watch?.close(),
  }
}
