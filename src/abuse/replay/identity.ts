import type { CallEvent } from '../event.ts'
import { NO_GEO } from '../geo.ts'
import { scoreOf, stepOf } from '../score.ts'
import { networkList, SourceReader } from '../source.ts'
import { loadSources, type Sources } from '../sources.ts'
import { seeded } from './random.ts'

const WINDOW_MS = 600_000
const DAY = 144
const WEEK = 7 * DAY
const COOL_DOWN = 36
const START = 1_700_006_400_000
const MULTIPLES = [0.5, 1, 3] as const
const READER = new SourceReader({ key: 'simulator', allowed: networkList([]), geo: NO_GEO })

export interface IdentityResults {
  readonly tokens: number
  /** Episodes of notices or more in the second week, without an attack, by token; six hours apart. */
  readonly falseAlarms: number
  /** For each attack of a day, the part of them found, and the median delay in minutes; NaN: none was found. */
  readonly attacks: readonly { readonly multiple: number; readonly recall: number; readonly delay: number }[]
}

/** How a token's networks behave: fixed, replaced now and then, always new (build machines), or moving with a person. */
const HOMES = ['fixed', 'fixed', 'fixed', 'moving', 'pool', 'roaming'] as const

/** One made-up token: its calls in each window of two weeks, and where they come from. */
class Made {
  readonly requests: readonly number[]
  readonly p99: number
  readonly #home: (typeof HOMES)[number]
  readonly #count: number
  readonly #number: number
  readonly #deploy: number
  readonly #random: () => number

  constructor(number: number, random: () => number) {
    this.#number = number
    this.#random = random
    this.#home = HOMES[number % HOMES.length] ?? 'fixed'
    this.#count = 1 + Math.floor(random() * 4)
    this.#deploy = Math.floor(random() * 2 * WEEK)
    const spread = 0.3 + random()
    const mean = 1 + random() * 5
    this.requests = Array.from({ length: 2 * WEEK }, (_, window) => {
      const daily = 1 + 0.8 * Math.sin((2 * Math.PI * window) / DAY)
      const noise = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
      return Math.round(mean * daily * Math.exp(spread * noise - (spread * spread) / 2))
    })
    const sorted = this.requests.slice(0, WEEK).sort((one, other) => one - other)
    this.p99 = Math.max(1, sorted[Math.floor(0.99 * WEEK)] ?? 1)
  }

  address(window: number): string {
    const slot = Math.floor(this.#random() * this.#count)
    const day = Math.floor(window / DAY)
    const turns = { fixed: 0, moving: slot === 0 ? Math.floor(window / (4 * DAY)) : 0, pool: 0, roaming: 0 }
    let third = slot * 8 + turns[this.#home]
    if (this.#home === 'pool' && this.#random() < 0.5) third = 64 + Math.floor(this.#random() * 3) + 3 * day
    if (this.#home === 'roaming') third = 128 + Math.floor(window / 72)
    return `10.${this.#number % 256}.${third % 256}.1`
  }

  agent(window: number): string {
    return window < this.#deploy ? 'OpenAI/Python 1.0' : 'python-httpx/0.27'
  }
}

function step(made: Made, sources: Sources, window: number, added: number): boolean {
  const at = START + window * WINDOW_MS
  const send = (address: string, userAgent: string) => sources.observe({ ...QUIET, at, address, userAgent })
  for (let call = made.requests[window] ?? 0; call > 0; call--) send(made.address(window), made.agent(window))
  for (let call = added; call > 0; call--) send('203.0.113.7', 'python-httpx/0.27')
  const clues = sources.look({ now: at + WINDOW_MS - 1, strikes: 0 })
  const taken = stepOf(scoreOf(clues), 0)
  return taken !== null && taken !== 'watch'
}

const QUIET: CallEvent = {
  at: 0,
  tokenId: 'simulated',
  userId: 'simulated',
  kind: 'server',
  endUser: '',
  plan: '',
  operation: 'chat.native',
  modality: 'chat',
  model: '',
  outcome: 'ok',
  refusal: null,
  providerCode: 0,
  charged: 1_000_000n,
  bytesIn: 1_000,
  contentHash: 0,
  address: '',
  userAgent: '',
}

const make = (saved?: unknown) => loadSources(saved, { reader: READER, maxSources: 50 })

/**
 * Makes up server tokens and people who share them from elsewhere, and counts what the product's own watcher of sources
 * says, alone. An attack lasts a day, adds a multiple of the token's p99 of ten minutes, and counts as found only when the
 * token raises no alarm without it meanwhile.
 */
export function runIdentitySimulation({
  seed,
  tokens,
}: {
  readonly seed: number
  readonly tokens: number
}): IdentityResults {
  const random = seeded(seed)
  const delays = MULTIPLES.map((): number[] => [])
  let falseAlarms = 0
  let judged = 0
  for (let number = 0; number < tokens; number++) {
    const made = new Made(number, random)
    const start = WEEK + DAY + Math.floor(random() * 5 * DAY)
    const sources = make()
    let saved = ''
    let quietUntil = 0
    let isNoisy = false
    for (let window = 0; window < 2 * WEEK; window++) {
      if (window === start) saved = JSON.stringify(sources.save())
      if (!step(made, sources, window, 0) || window < WEEK) continue
      if (window >= start && window < start + DAY) isNoisy = true
      if (window >= quietUntil) falseAlarms++
      quietUntil = window + COOL_DOWN
    }
    if (isNoisy) continue
    judged++
    MULTIPLES.forEach((multiple, at) => {
      const attacked = make(JSON.parse(saved))
      const added = Math.ceil(multiple * made.p99)
      for (let window = start; window < start + DAY; window++) {
        if (!step(made, attacked, window, added)) continue
        delays[at]?.push(10 * (window - start + 1))
        break
      }
    })
  }
  const attacks = MULTIPLES.map((multiple, at) => {
    const found = (delays[at] ?? []).sort((one, other) => one - other)
    return { multiple, recall: found.length / judged, delay: found[Math.floor(found.length / 2)] ?? NaN }
  })
  return { tokens, falseAlarms: falseAlarms / tokens, attacks }
}

/** The results as a table of Markdown. */
export function identityTable({ tokens, falseAlarms, attacks }: IdentityResults): string {
  const rows = attacks.map(
    ({ multiple, recall, delay }) => `| +${multiple}× | ${recall.toFixed(2)} | ${delay} min |`,
  )
  const head = `${tokens} tokens, ${falseAlarms.toFixed(2)} false alarms per client-week`
  return [head, '', '| attack | recall | median delay |', '|---|---|---|', ...rows].join('\n')
}
