import { describe, expect, it } from 'vitest'
import { call, HOUR, MINUTE, seen, World } from './incident-world.ts'

const leak = { tokenId: 'a', userId: 'u', source: 'github', url: null }

describe('what the store refuses', () => {
  it('is stored at the next look, and the suspension then', async () => {
    const world = new World()
    world.store.broken.add('put')
    await world.guard.report(leak)
    expect(world.store.incidents.size).toBe(0)
    expect(world.done).toEqual(['throttle a 12'])
    world.store.broken.clear()
    await world.guard.look()
    await world.guard.look()
    expect(world.incidentOf('a')).toMatchObject({ response: 'suspend' })
    expect(world.done.filter((what) => what === 'suspend a')).toHaveLength(1)
    expect(world.notices).toEqual(['opened a suspend'])
    expect(world.errors).toHaveLength(1)
  })

  it('is a suspension that is tried until it holds, and then no more', async () => {
    const world = new World()
    world.refusing = true
    await world.guard.report(leak)
    await world.guard.look()
    expect(world.done).not.toContain('suspend a')
    world.refusing = false
    await world.guard.look()
    await world.guard.look()
    expect(world.done.filter((what) => what === 'suspend a')).toHaveLength(1)
  })

  it('is the end of an incident that is stored later, and only once', async () => {
    const world = new World()
    await world.finds('a', seen('distinct_sources', 1))
    world.watchers.found.clear()
    world.passes(2 * HOUR)
    world.store.broken.add('put')
    await world.guard.look()
    expect(world.incidentOf('a')).toMatchObject({ state: 'open' })
    world.store.broken.clear()
    await world.guard.look()
    expect(world.incidentOf('a')).toMatchObject({ state: 'closed' })
    expect(world.done.filter((what) => what === 'unthrottle a')).toHaveLength(1)
  })

  it('is no reason to forget a report while exemptions cannot be read', async () => {
    const world = new World()
    world.store.broken.add('exemptions')
    await world.guard.report(leak)
    expect(world.done).toEqual([])
    world.store.broken.clear()
    await world.guard.look()
    expect(world.done).toContain('suspend a')
  })

  it('is no reason to forget a report while the end of another incident waits to be stored', async () => {
    const world = new World()
    await world.finds('a', seen('distinct_sources', 1))
    world.watchers.found.clear()
    world.passes(2 * HOUR)
    world.store.broken.add('put')
    await world.guard.look()
    await world.guard.report(leak)
    expect(world.done).not.toContain('suspend a')
    world.store.broken.clear()
    await world.guard.look()
    await world.guard.look()
    expect(world.done).toContain('suspend a')
    expect([...world.store.incidents.values()].map(({ state }) => state)).toEqual(['closed', 'open'])
  })

  it('is a list of exemptions that is read again later, and serves until then', async () => {
    const world = new World()
    await world.guard.start()
    world.passes(10 * MINUTE)
    world.store.broken.add('exemptions')
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.done).toEqual(['throttle a 12'])
    expect(world.errors).toHaveLength(1)
  })

  it('is no strike that holds up a judgement', async () => {
    const world = new World()
    world.store.broken.add('strikes')
    await world.finds('a', seen('denials', 0.5))
    expect(world.incidentOf('a')).toMatchObject({ strikes: 0, response: 'notify' })
    expect(world.errors).toHaveLength(1)
  })

  it('is told to whoever dismisses, who may try again', async () => {
    const world = new World()
    await world.guard.report(leak)
    const id = world.incidentOf('a')?.id ?? ''
    world.store.broken.add('put')
    await expect(world.guard.incidents.dismiss(id, '')).rejects.toThrow('the store refuses put')
    world.store.broken.clear()
    expect(await world.guard.incidents.dismiss(id, '')).toMatchObject({ state: 'dismissed' })
    expect(world.done.filter((what) => what === 'reinstate a')).toHaveLength(1)
    expect(world.store.held.size).toBe(1)
  })
})

describe('the numbers of an open incident', () => {
  it('are stored once a minute, and news at once', async () => {
    const world = new World()
    for (let look = 0; look < 12; look++) {
      await world.finds('a', seen('denials', 0.5))
      world.passes(10_000)
    }
    expect(world.store.puts).toBe(2)
    await world.finds('a', seen('denials', 0.5), seen('off_hours', 0.1))
    expect(world.store.puts).toBe(3)
  })
})

describe('a restart', () => {
  it('takes up what is open: the throttle at the same speed, the suspension once more', async () => {
    const world = new World()
    await world.finds('a', seen('distinct_sources', 1))
    await world.finds('b', seen('distinct_sources', 1), seen('denials', 1))
    await world.guard.close()
    const next = new World({ store: world.store })
    // What is usual has grown meanwhile, by the attack itself.
    next.watchers.usual = 10_000
    await next.guard.start()
    expect(next.done).toEqual(['throttle a 12', 'throttle b 12', 'suspend b'])
    expect(next.notices).toEqual([])
    next.passes(MINUTE)
    await next.finds('a', seen('distinct_sources', 1))
    expect(next.store.incidents.size).toBe(2)
    expect(next.notices).toEqual([])
  })

  it('forgets nothing of what was seen', async () => {
    const world = new World()
    for (let at = 0; at < 7; at++) world.guard.observe(call('a', world.clock.time))
    await world.guard.look()
    await world.guard.close()
    const next = new World({ store: world.store })
    await next.guard.start()
    next.guard.observe(call('a', next.clock.time))
    expect(await next.guard.incidents.sources('u')).toMatchObject([{ tokenId: 'a', calls: 8 }, {}])
  })

  it('that ends suddenly forgets no more than a minute', async () => {
    const world = new World()
    await world.guard.start()
    for (let second = 0; second < 120; second += 10) {
      world.guard.observe(call('a', world.clock.time))
      await world.guard.look()
      world.passes(10_000)
    }
    const next = new World({ store: world.store })
    await next.guard.start()
    const [source] = await next.guard.incidents.sources('u')
    expect(source?.calls).toBeGreaterThanOrEqual(12 - 6)
  })

  it('does not stop a token again that was let go', async () => {
    const world = new World()
    await world.guard.report(leak)
    await world.guard.incidents.closeOf('a')
    const next = new World({ store: world.store })
    await next.guard.start()
    expect(next.done).toEqual([])
  })

  it('acts on nothing before it knows what was done', async () => {
    const world = new World()
    world.store.broken.add('open')
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.done).toEqual([])
    world.store.broken.clear()
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.done).toEqual(['throttle a 12'])
  })
})
