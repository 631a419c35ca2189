import { expect, it } from 'vitest'
import { NO_GEO } from '../../src/abuse/geo.ts'
import type { CallEvent } from '../../src/abuse/event.ts'
import { createWatchers } from '../../src/abuse/watchers.ts'
import { call, DAY, HOUR, MINUTE, START, World } from './incident-world.ts'

function watchersOf() {
  const options = { key: 'k'.repeat(32), geo: NO_GEO, allowNetworks: [], maxSources: 50 }
  return createWatchers(options).make
}

/** A call of a token that was made when the test began. */
const callAt = (world: World, more: Partial<CallEvent> = {}) => call('a', world.clock.time, more)

/** Ten days of a server that calls some times in ten minutes from one place. */
async function used(world: World): Promise<void> {
  await world.guard.start()
  while (world.clock.time < START + 10 * DAY) {
    world.guard.observe(callAt(world))
    if (world.clock.time % HOUR === 0) await world.guard.look()
    world.passes(2 * MINUTE)
  }
}

/** A minute of use from many places. */
async function leaks(world: World, { places, calls }: { places: number; calls: number }): Promise<void> {
  for (let second = 0; second < 60; second += 10) {
    for (let index = 0; index < calls / 6; index++) {
      const address = `203.${(index + second * 7) % places}.1.9`
      world.guard.observe(callAt(world, { address, charged: 10_000_000n }))
    }
    await world.guard.look()
    world.passes(10_000)
  }
}

it('a token that is used as ever raises nothing', async () => {
  const world = new World({ make: watchersOf() })
  await used(world)
  expect(world.store.incidents.size).toBe(0)
  expect(world.errors).toEqual([])
})

it('a leaked token is stopped within ten minutes, by evidence of two families, and told of at most twice', async () => {
  const world = new World({ make: watchersOf() })
  await used(world)
  let minutes = 0
  while (!world.done.includes('suspend a') && minutes < 60) {
    await leaks(world, { places: 60, calls: 300 })
    minutes++
  }
  expect(minutes).toBeLessThanOrEqual(10)
  const families = new Set(world.incidentOf('a')?.evidence.map(({ family }) => family))
  expect([...families]).toEqual(expect.arrayContaining(['identity', 'volume']))
  expect(world.notices.length).toBeLessThanOrEqual(2)
  expect(world.errors).toEqual([])
})

it('a token that merely grows, from its own place, is never stopped', async () => {
  const world = new World({ make: watchersOf() })
  await used(world)
  for (let minute = 0; minute < 90; minute++) {
    for (let index = 0; index < 100; index++) {
      world.guard.observe(callAt(world, { charged: 10_000_000n }))
    }
    await world.guard.look()
    world.passes(MINUTE)
  }
  expect(world.done.filter((what) => what.startsWith('suspend'))).toEqual([])
  expect(world.incidentOf('a')?.evidence[0]?.family).toBe('volume')
})
