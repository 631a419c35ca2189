import { setTimeout as delay } from 'node:timers/promises'
import { load } from './load.ts'
import { cpuMicros, residentBytes } from './processes.ts'
import { median, quantile } from './statistics.ts'
import type { Target, TargetName } from './targets.ts'
import type { Workload } from './workloads.ts'

/** How long a proxy may go on with what follows an answer: its log, its database. */
const SETTLE_MS = 30

/** One target under one workload in one round. */
export interface Sample {
  readonly answers: number
  readonly perSecond: number
  /** Null where there is no process or the system does not tell. */
  readonly cpuMicrosPerAnswer: number | null
  readonly p50: number
  readonly p99: number
  readonly residentBytes: number | null
  readonly errors: number
  readonly firstError: string | undefined
}

/** The medians over the rounds; errors are summed up and memory is the most that was seen. */
export interface Figure extends Sample {
  readonly workload: string
  readonly target: TargetName
}

/** Loads a target for so many seconds and reads what it cost. */
export async function sample(workload: Workload, target: Target, seconds: number): Promise<Sample> {
  const pids = target.pids()
  const before = cpuMicros(pids)
  const { answers, seconds: elapsed, latencies, errors, firstError } = await load(workload, target, seconds)
  await delay(SETTLE_MS)
  const after = cpuMicros(pids)
  const isKnown = pids.length > 0 && before !== null && after !== null && answers > 0
  return {
    answers,
    perSecond: answers / elapsed,
    cpuMicrosPerAnswer: isKnown ? (after - before) / answers : null,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    residentBytes: pids.length > 0 ? residentBytes(pids) : null,
    errors,
    firstError,
  }
}

function medianOf(samples: readonly Sample[], read: (sample: Sample) => number | null): number | null {
  const values = samples.map(read).filter((value) => value !== null)
  return values.length === 0 ? null : median(values)
}

/** @param samples of all rounds, at least one */
export function figureOf(workload: Workload, target: TargetName, samples: readonly Sample[]): Figure {
  const memory = samples.map((one) => one.residentBytes).filter((bytes) => bytes !== null)
  return {
    workload: workload.name,
    target,
    answers: samples.reduce((sum, one) => sum + one.answers, 0),
    perSecond: median(samples.map((one) => one.perSecond)),
    cpuMicrosPerAnswer: medianOf(samples, (one) => one.cpuMicrosPerAnswer),
    p50: median(samples.map((one) => one.p50)),
    p99: median(samples.map((one) => one.p99)),
    residentBytes: memory.length === 0 ? null : Math.max(...memory),
    errors: samples.reduce((sum, one) => sum + one.errors, 0),
    firstError: samples.find((one) => one.firstError !== undefined)?.firstError,
  }
}

export interface Plan {
  readonly rounds: number
  readonly seconds: number
  /** Told of each step, for the person who waits. */
  progress(text: string): void
}

/** One workload on every target: warmed up first, then one after the other, round after round, so that all see the same machine. */
export async function measure(workload: Workload, all: readonly Target[], plan: Plan): Promise<Figure[]> {
  const targets = all.filter(({ workloads }) => workloads?.includes(workload.name) !== false)
  plan.progress(`${workload.name}: warming up`)
  for (const target of targets) await load(workload, target, workload.warmUpSeconds)
  const samples = new Map<TargetName, Sample[]>(targets.map(({ name }) => [name, []]))
  for (let round = 1; round <= plan.rounds; round++) {
    plan.progress(`${workload.name}: round ${round} of ${plan.rounds}`)
    for (const target of targets) samples.get(target.name)?.push(await sample(workload, target, plan.seconds))
  }
  return targets.map(({ name }) => figureOf(workload, name, samples.get(name) ?? []))
}
