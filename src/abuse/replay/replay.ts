import { Cohorts } from '../cohorts.ts'
import { COLD } from '../volume-findings.ts'
import { DAY, HORIZONS } from '../volume-rules.ts'
import { seeded } from './random.ts'
import { ALL, SIZES, type Recall, type Report, type RuleReport } from './report.ts'
import type { Client } from './traffic.ts'
import { replayAsItWas, replayAttack, WEEK, type Spoken } from './trial.ts'

/** After an alarm, so many windows without one must pass until the next is a new one: six hours. */
const COOL_DOWN = 36

const WINDOW_MINUTES = 10

const P99 = 0.99

/** @returns the p99 of active windows of the first week; 0 where there are none */
export function p99Of(client: Client): number {
  const active = activeOf(client, 0).toSorted((one, other) => one - other)
  return active[Math.min(active.length - 1, Math.floor(P99 * active.length))] ?? 0
}

function activeOf(client: Client, from: number): readonly number[] {
  return client.requests.slice(from, from + WEEK).filter((count) => count > 0)
}

/** @returns whether there is a day of activity to learn from, and one to judge by */
export function isJudged(client: Client): boolean {
  return activeOf(client, 0).length >= DAY && activeOf(client, WEEK).length >= DAY
}

/** What is known of one rule, client by client. */
class Tally {
  readonly #found = new Map<number, number[]>()
  readonly #trials = new Map<number, number>()
  #alarms = 0
  #silent = 0

  /** Counts what the rule said in a week in which all was well. */
  week(speaks: readonly boolean[]): void {
    const alarms = episodes(speaks)
    this.#alarms += alarms
    if (alarms === 0) this.#silent++
  }

  /** @param after windows until it was found; undefined: it was not */
  trial(size: number, after: number | undefined): void {
    this.#trials.set(size, (this.#trials.get(size) ?? 0) + 1)
    if (after === undefined) return
    const found = this.#found.get(size) ?? []
    found.push(after)
    this.#found.set(size, found)
  }

  report(rule: string, clients: number): RuleReport {
    return {
      rule,
      falseAlarmsPerClientWeek: this.#alarms / clients,
      silentClients: this.#silent / clients,
      recalls: SIZES.map((size) => this.#recall(size)),
    }
  }

  #recall(size: number): Recall {
    const trials = this.#trials.get(size) ?? 0
    const found = (this.#found.get(size) ?? []).toSorted((one, other) => one - other)
    const median = found[Math.floor(found.length / 2)] ?? NaN
    return {
      size,
      trials,
      found: found.length,
      recall: found.length / trials,
      delayMinutes: median * WINDOW_MINUTES,
    }
  }
}

/** How many alarms these are, one for each stretch in which none is silent for longer than the cool-down. */
export function episodes(speaks: readonly boolean[]): number {
  let alarms = 0
  let last = -Infinity
  for (const [window, speaking] of speaks.entries()) {
    if (!speaking) continue
    if (window - last > COOL_DOWN) alarms++
    last = window
  }
  return alarms
}

/** The rules that are reported: money follows requests in the replay, and so do its rules. */
const RULES: readonly string[] = [
  ...HORIZONS.map(({ name }) => `requests_${name}`),
  'money_1h',
  ...COLD.map((name) => `requests_${name}_of_plan`),
  ALL,
]

function speaksIn(rule: string): (spoken: Spoken) => boolean {
  return rule === ALL ? (spoken) => spoken.length > 0 : (spoken) => spoken.includes(rule)
}

/** The plan's tokens, as a gateway knows them after a week. */
export function learnCohorts(clients: readonly Client[]): Cohorts {
  const cohorts = new Cohorts()
  for (const client of clients) replayAsItWas(client, cohorts, new Set(), WEEK)
  return cohorts
}

export interface ReplayOptions {
  readonly name: string
  readonly seed: number
  /** Of each size, on each client. */
  readonly attacks: number
  /** From `learnCohorts`. */
  readonly cohorts: Cohorts
}

/**
 * Replays clients through the detector: the first week is learnt from; in the second all alarms are false, and attacks
 * of 24 hours at random times add a multiple of the client's own p99 to every window. An attack counts where the rule
 * is silent without it.
 */
export function replay(clients: readonly Client[], options: ReplayOptions): Report {
  const judged = clients.filter(isJudged)
  const others = clients.filter((client) => !isJudged(client))
  const tallies = new Map(RULES.map((rule) => [rule, new Tally()]))
  const random = seeded(options.seed)
  for (const client of judged) replayClient(client, options, random, tallies)
  return {
    name: options.name,
    clients: clients.length,
    judged: judged.length,
    seed: options.seed,
    attacksPerClient: options.attacks,
    falseAlarmsOfOthers: falseAlarmsOf(others, options.cohorts),
    rules: [...tallies].map(([rule, tally]) => tally.report(rule, judged.length)),
  }
}

function firstOf(after: ReadonlyMap<string, number>): number | undefined {
  return after.size === 0 ? undefined : Math.min(...after.values())
}

function falseAlarmsOf(clients: readonly Client[], cohorts: Cohorts): number {
  let alarms = 0
  for (const client of clients) {
    const { spoken } = replayAsItWas(client, cohorts, new Set())
    alarms += episodes(spoken.map((rules) => rules.length > 0))
  }
  return alarms / clients.length
}

function replayClient(
  client: Client,
  { cohorts, attacks }: ReplayOptions,
  random: () => number,
  tallies: ReadonlyMap<string, Tally>,
): void {
  const starts = Array.from({ length: attacks }, () => WEEK + Math.floor(random() * (WEEK - DAY + 1)))
  const { spoken, known } = replayAsItWas(client, cohorts, new Set(starts))
  const p99 = p99Of(client)
  for (const [rule, tally] of tallies) tally.week(spoken.map(speaksIn(rule)))
  for (const start of starts) {
    const unattacked = spoken.slice(start - WEEK, start - WEEK + DAY)
    for (const size of SIZES) {
      const attack = { start, known: known.get(start), added: Math.round(size * p99) }
      const after = replayAttack(client, cohorts, attack)
      for (const [rule, tally] of tallies) {
        if (unattacked.some(speaksIn(rule))) continue
        tally.trial(size, rule === ALL ? firstOf(after) : after.get(rule))
      }
    }
  }
}
