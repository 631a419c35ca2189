import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Cohorts } from '../../src/abuse/cohorts.ts'
import { seeded } from '../../src/abuse/replay/random.ts'
import { episodes, isJudged, learnCohorts, p99Of, replay } from '../../src/abuse/replay/replay.ts'
import { ALL, tableOf, type Report, type RuleReport } from '../../src/abuse/replay/report.ts'
import { parseTraffic, type Client } from '../../src/abuse/replay/traffic.ts'
import { WEEK } from '../../src/abuse/replay/trial.ts'

const FILE = join(import.meta.dirname, '../../../shared/data/traffic/servegen-clients.jsonl')

/** A client with days and nights, sizes with a heavy tail, and hours in which it rests. */
function heavyTailed(index: number, random: () => number): Client {
  const level = 10 ** (1 + 2 * random())
  const requests: number[] = []
  for (let window = 0; window < 2 * WEEK; window++) {
    const light = 1 + 0.8 * Math.sin((window / 144) * 2 * Math.PI + index)
    const tail = Math.min(20, (1 - random()) ** -0.6)
    requests.push(random() < 0.15 ? 0 : Math.round(level * light * tail))
  }
  return { name: `made-${String(index)}`, requests }
}

function madeUp(seed: number, clients: number): readonly Client[] {
  const random = seeded(seed)
  return Array.from({ length: clients }, (_, index) => heavyTailed(index, random))
}

function allOf(report: Report): RuleReport {
  const all = report.rules.find(({ rule }) => rule === ALL)
  if (all === undefined) throw new Error('no report of all rules')
  return all
}

function recallOf(report: Report, size: number): number {
  return allOf(report).recalls.find((one) => one.size === size)?.recall ?? 0
}

const options = { name: 'made up', seed: 1, attacks: 4, cohorts: new Cohorts() }

describe('the back-test', () => {
  it('finds attacks on made-up clients with a heavy tail, and next to nothing where there is none', () => {
    const report = replay(madeUp(7, 12), options)
    expect(report.judged).toBe(12)
    expect(allOf(report).falseAlarmsPerClientWeek).toBeLessThanOrEqual(0.1)
    expect(recallOf(report, 1)).toBeGreaterThanOrEqual(0.9)
    expect(recallOf(report, 3)).toBeGreaterThanOrEqual(0.98)
    expect(recallOf(report, 10)).toBeGreaterThanOrEqual(0.99)
  })

  it('says the same for the same seed', () => {
    const clients = madeUp(3, 2)
    const first = replay(clients, { ...options, cohorts: new Cohorts() })
    const again = replay(clients, { ...options, cohorts: new Cohorts() })
    expect(tableOf(again)).toBe(tableOf(first))
  })

  it('counts an alarm again after six hours of silence', () => {
    const speaks = Array.from({ length: 200 }, (_, window) => [3, 30, 66, 103, 104].includes(window))
    expect(episodes(speaks)).toBe(2)
  })

  it('judges clients with a day of activity in both weeks, by the p99 of the first', () => {
    const [client] = madeUp(1, 1)
    const requests = client?.requests.map((count, window) => (window < 143 || window >= WEEK ? count + 1 : 0))
    expect(isJudged({ name: 'a', requests: requests ?? [] })).toBe(false)
    const counts = Array.from({ length: 2 * WEEK }, (_, window) => (window < 200 ? window : 9_999))
    expect(
      p99Of({ name: 'a', requests: [...counts.slice(0, 200), ...Array<number>(2 * WEEK - 200).fill(0)] }),
    ).toBe(198)
  })
})

if (!existsSync(FILE)) process.stderr.write(`skipped: no ${FILE}, so that no real traffic was replayed\n`)

describe.skipIf(!existsSync(FILE))('the back-test on real traffic, every third client', () => {
  it('holds the numbers of docs/abuse.md', { timeout: 120_000 }, () => {
    const clients = parseTraffic(readFileSync(FILE, 'utf8'), 2 * WEEK)
    const judged = clients.filter(isJudged).filter((_, index) => index % 3 === 0)
    const report = replay(judged, { ...options, cohorts: learnCohorts(judged.slice(0, 5)) })
    expect(report.judged).toBeGreaterThan(20)
    expect(allOf(report).falseAlarmsPerClientWeek).toBeLessThanOrEqual(0.2)
    expect(recallOf(report, 1)).toBeGreaterThanOrEqual(0.9)
    expect(recallOf(report, 3)).toBeGreaterThanOrEqual(0.98)
    expect(recallOf(report, 10)).toBeGreaterThanOrEqual(0.99)
  })
})
