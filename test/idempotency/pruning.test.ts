import { expect, it } from 'vitest'
import { startPruning } from '../../src/idempotency/pruning.ts'

/** A timer that a test lets ring. */
function bell() {
  const waits: number[] = []
  let ring: (() => void) | undefined
  return {
    waits,
    timer: (callback: () => void, milliseconds: number) => {
      waits.push(milliseconds)
      ring = callback
      return () => (ring = undefined)
    },
    ring: async () => {
      ring?.()
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    },
  }
}

it('takes out what has expired until nothing is left, then rests', async () => {
  const { timer, waits, ring } = bell()
  const left = [500, 3, 0, 0]
  const times: number[] = []
  let now = 1000
  startPruning({
    store: { prune: async (at) => (times.push(at), left.shift() ?? 0) },
    clock: { now: () => now++ },
    onError: () => undefined,
    timer,
  })
  for (let at = 0; at < 4; at++) await ring()
  expect(waits).toEqual([60_000, 100, 100, 600_000, 600_000])
  expect(times).toEqual([1000, 1000, 1000, 1001])
})

it('tells of a failure and tries again at its time', async () => {
  const { timer, waits, ring } = bell()
  const errors: unknown[] = []
  startPruning({
    store: { prune: () => Promise.reject(new Error('no disk')) },
    clock: { now: () => 0 },
    onError: (error) => errors.push(error),
    timer,
  })
  await ring()
  expect(errors).toHaveLength(1)
  expect(waits).toEqual([60_000, 600_000])
})

it('stops once the step under way has ended', async () => {
  const alarm = bell()
  let finish: (rows: number) => void = () => undefined
  const pruning = startPruning({
    store: { prune: () => new Promise((resolve) => (finish = resolve)) },
    clock: { now: () => 0 },
    onError: () => undefined,
    timer: alarm.timer,
  })
  await alarm.ring()
  let isStopped = false
  const stopped = pruning.stop().then(() => (isStopped = true))
  await Promise.resolve()
  expect(isStopped).toBe(false)
  finish(1)
  await stopped
  expect(alarm.waits).toHaveLength(1)
})
