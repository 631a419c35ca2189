import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Profiles } from '../../src/abuse/profiles.ts'
import { call, FakeWatchers, MemoryIncidents, MINUTE, START } from './incident-world.ts'

function profilesOf(maxProfiles: number, store = new MemoryIncidents()) {
  const errors: unknown[] = []
  const { make } = new FakeWatchers()
  const profiles = new Profiles({ store, make, maxProfiles, failed: (error) => errors.push(error) })
  const calls = async (tokenId: string) => (await profiles.fetch(tokenId)).sources()[0]?.calls
  return { profiles, store, errors, calls }
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)

describe('profiles', () => {
  it('stay within their number, and what is let go is saved', async () => {
    const { profiles, store } = profilesOf(100)
    await profiles.load()
    for (const id of ids(1000)) profiles.observe(call(id, START))
    expect(profiles.size).toBe(100)
    await profiles.work(START + 1)
    expect(store.saved.size).toBe(900)
    await profiles.work(START + MINUTE)
    expect(store.saved.size).toBe(1000)
  })

  it('of tokens that are in use stay, those of others go', async () => {
    const { profiles } = profilesOf(10)
    await profiles.load()
    for (const id of ids(200)) {
      profiles.observe(call('busy', START))
      profiles.observe(call(id, START))
    }
    expect(profiles.get('busy')).toBeDefined()
  })

  it('that must stay do', async () => {
    const { profiles } = profilesOf(5)
    await profiles.load()
    profiles.observe(call('held', START))
    const held = profiles.get('held')
    if (held !== undefined) held.isHeld = true
    for (const id of ids(100)) profiles.observe(call(id, START))
    expect(profiles.get('held')).toBe(held)
    expect(profiles.size).toBe(5)
  })

  it('lose no call, whatever comes and goes between saves', async () => {
    const step = fc.record({
      token: fc.constantFrom(...ids(12)),
      then: fc.constantFrom('nothing', 'nothing', 'work', 'find'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120 }),
        fc.integer({ min: 1, max: 6 }),
        async (steps, max) => {
          const { profiles, calls, store } = profilesOf(max)
          await profiles.load()
          const expected = new Map<string, number>()
          let at = START
          for (const { token, then } of steps) {
            profiles.observe(call(token, (at += 1_000)))
            expected.set(token, (expected.get(token) ?? 0) + 1)
            if (then === 'work') await profiles.work((at += MINUTE))
            if (then === 'find') await profiles.fetch(token)
          }
          for (const [token, count] of expected) {
            expect(await calls(token)).toBe(count)
            await profiles.work(Infinity)
          }
          await profiles.work(Infinity)
          const next = profilesOf(100, store)
          await next.profiles.load()
          for (const [token, count] of expected) expect(await next.calls(token)).toBe(count)
          expect(profiles.takeLost()).toBe(0)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('are saved in slices, once a minute while they change', async () => {
    const { profiles, store } = profilesOf(1000)
    await profiles.load()
    for (let second = 0; second < 120; second += 10) {
      for (const id of ids(220)) profiles.observe(call(id, START + second * 1000))
      await profiles.work(START + second * 1000)
    }
    expect(Math.max(...store.writes)).toBeLessThanOrEqual(200)
    expect(store.writes.reduce((sum, size) => sum + size, 0)).toBe(440)
  })

  it('that the store refuses are saved later', async () => {
    const { profiles, store } = profilesOf(1000)
    await profiles.load()
    profiles.observe(call('a', START))
    store.broken.add('saveProfiles')
    await expect(profiles.work(START + MINUTE)).rejects.toThrow('the store refuses')
    store.broken.clear()
    await profiles.work(START + MINUTE)
    expect([...store.saved.keys()]).toEqual(['a'])
  })

  it('that the store refuses for long are bounded, and the loss is counted', async () => {
    const { profiles, store } = profilesOf(10)
    await profiles.load()
    store.broken.add('saveProfiles')
    for (const id of ids(3000)) profiles.observe(call(id, START))
    const lost = profiles.takeLost()
    expect(lost).toBeGreaterThan(900)
    store.broken.clear()
    await profiles.fetch('t2999')
    await profiles.work(Infinity)
    expect(store.saved.size).toBe(3000 - lost - profiles.takeLost())
  })
})

describe('a token whose past is being read', () => {
  async function away() {
    const first = profilesOf(100)
    await first.profiles.load()
    for (let at = 0; at < 5; at++) first.profiles.observe(call('a', START))
    await first.profiles.work(Infinity)
    // Nothing was loaded here, so an unknown token may have a past.
    return profilesOf(100, first.store)
  }

  it('has its first calls taken in afterwards', async () => {
    const { profiles, calls } = await away()
    for (let at = 0; at < 3; at++) profiles.observe(call('a', START))
    expect(profiles.takeActive()).toEqual([])
    expect(await calls('a')).toBe(8)
    expect(profiles.takeActive()).toHaveLength(1)
  })

  it('loses the calls beyond 64, and that is counted', async () => {
    const { profiles, calls } = await away()
    for (let at = 0; at < 100; at++) profiles.observe(call('a', START))
    expect(await calls('a')).toBe(5 + 64)
    expect(profiles.takeLost()).toBe(36)
  })

  it('gets it when the store answers again', async () => {
    const { profiles, calls, store, errors } = await away()
    store.broken.add('profiles')
    profiles.observe(call('a', START))
    await profiles.fetch('a')
    expect(profiles.get('a')?.isReady).toBe(false)
    expect(errors).toHaveLength(1)
    store.broken.clear()
    await profiles.work(START)
    expect(await calls('a')).toBe(6)
  })

  it('gets it once when the start reads all meanwhile', async () => {
    const { profiles, calls } = await away()
    profiles.observe(call('a', START))
    await profiles.load()
    expect(await calls('a')).toBe(6)
  })
})

describe('what another version saved', () => {
  it.each([
    ['a later version', '{"version":2,"volume":[9,"a"]}'],
    ['no JSON', 'x'],
    ['no object', '7'],
    ['null', 'null'],
  ])('as %s is nothing, and told once', async (_, text) => {
    const store = new MemoryIncidents()
    for (const tokenId of ['a', 'b']) {
      store.saved.set(tokenId, { tokenId, savedAt: START, state: Buffer.from(text) })
    }
    const { profiles, calls, errors } = profilesOf(10, store)
    await profiles.load()
    expect(await calls('a')).toBe(0)
    expect(errors).toHaveLength(1)
  })
})
