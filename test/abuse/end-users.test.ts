import { describe, expect, it } from 'vitest'
import type { Watchers } from '../../src/abuse/profile.ts'
import { watchedKey } from '../../src/abuse/watched.ts'
import { createWatchers } from '../../src/abuse/watchers.ts'
import { call, MINUTE, seen, World } from './incident-world.ts'

const NO_GEO = { country: () => '', asn: () => 0, failures: 0 }

/** Signals of two families that are sure by themselves. */
const SURE = [seen('distinct_sources', 1), seen('denials', 1)]

describe('an end user', () => {
  const browser = (endUser: string, at: number) => call('a', at, { kind: 'session', endUser })

  it('who abuses is stopped alone: neither the token nor another end user is', async () => {
    const world: World = new World({
      make: (saved): Watchers => {
        const watchers = world.watchers.make(saved)
        let key = ''
        return {
          ...watchers,
          // The fake tells tokens apart; this one tells end users apart too.
          sources: {
            ...watchers.sources,
            observe: (event) => (key = watchedKey(event)),
            look: () => (key === 'a/eve' ? SURE : []),
          },
        }
      },
    })
    for (const endUser of ['eve', 'adam']) world.guard.observe(browser(endUser, world.clock.time))
    await world.guard.look()
    expect(world.done.filter((one) => one.startsWith('suspend'))).toEqual(['suspend a/eve'])
    expect([...world.store.incidents.values()]).toMatchObject([
      { tokenId: 'a', endUser: 'eve', userId: 'user-of-a', response: 'suspend' },
    ])
    const [incident] = world.store.incidents.values()
    await world.guard.incidents.dismiss(incident?.id ?? '', 'a test')
    expect(world.done.at(-1)).toBe('reinstate a/eve')
    expect([...world.store.held.values()]).toMatchObject([{ subject: { kind: 'end_user', id: 'a/eve' } }])
    // It is quiet for her now, and for nobody else.
    world.passes(MINUTE)
    world.guard.observe(browser('eve', world.clock.time))
    await world.guard.look()
    expect(world.store.incidents.size).toBe(1)
    expect(world.errors).toEqual([])
  })

  it('of JWTs is watched by themselves alone: there is no token that could be stopped', async () => {
    const world = new World()
    world.guard.observe(call('jwt_acme:ada', world.clock.time, { kind: 'jwt', endUser: '*' }))
    await world.guard.close()
    expect([...world.store.saved.keys()]).toEqual([])
  })

  it('leaves nothing of their past in the store', async () => {
    const world = new World()
    world.guard.observe(browser('eve', world.clock.time))
    await world.guard.close()
    expect([...world.store.saved.keys()]).toEqual(['a'])
  })

  it('is held back again after a restart, as long as the incident is open', async () => {
    const first = new World()
    first.store.incidents.set('inc_1', {
      id: 'inc_1',
      tokenId: 'a',
      userId: 'u',
      endUser: 'eve',
      state: 'open',
      signal: 'denials',
      response: 'throttle',
      wouldBe: 'throttle',
      score: 1,
      evidence: [],
      strikes: 0,
      openedAt: first.clock.time,
      updatedAt: first.clock.time,
      notifiedAt: null,
    })
    await first.guard.look()
    expect(first.done).toEqual(['throttle a/eve 12'])
  })
})

describe('what is found by the real watchers', () => {
  /** A minute of calls of ten end users from their own networks, and of one more. */
  async function minutes(world: World, count: number, of: (at: number) => void): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      for (let user = 0; user < 10; user++) {
        world.guard.observe(
          call('a', world.clock.time, {
            kind: 'session',
            endUser: `user${user}`,
            address: `198.51.${user}.7`,
          }),
        )
      }
      of(world.clock.time)
      await world.guard.look()
      world.passes(MINUTE)
    }
  }

  const real = () => {
    const kit = createWatchers({ key: 'k', geo: NO_GEO, allowNetworks: [], maxSources: 50 })
    return new World({ make: kit.make, makeOfEndUser: kit.makeOfEndUser })
  }

  it('a session that goes round stops that end user within ten minutes', async () => {
    const world = real()
    await minutes(world, 10, (at) => {
      for (let place = 0; place < 60; place++) {
        const isDenied = place % 10 === 0
        world.guard.observe(
          call('a', at, {
            kind: 'session',
            endUser: 'eve',
            address: `203.${place}.113.7`,
            ...(isDenied && { outcome: 'caller_forbidden', refusal: 'model_forbidden', model: `m${place}` }),
          }),
        )
      }
    })
    expect(world.done.filter((one) => one.startsWith('suspend'))).toEqual(['suspend a/eve'])
    expect(world.done.filter((one) => !one.includes('a/eve'))).toEqual([])
  })

  it('any number of visitors from anywhere are no evidence', async () => {
    const world = real()
    await minutes(world, 30, (at) => {
      for (let visitor = 0; visitor < 20; visitor++) {
        const id = (at / MINUTE) * 20 + visitor
        world.guard.observe(
          call('a', at, {
            kind: 'session',
            endUser: `visitor${id}`,
            address: `203.${id % 200}.${id % 7}.1`,
          }),
        )
      }
    })
    expect(world.done).toEqual([])
  })

  it('end users who are made up by the thousand show in what the token does in all', async () => {
    const world = real()
    for (let minute = 0; minute < 30; minute++) {
      for (let made = 0; made < 600; made++) {
        const endUser = `made${minute}-${made}`
        world.guard.observe(call('a', world.clock.time, { kind: 'session', endUser, charged: 10_000_000n }))
      }
      await world.guard.look()
      world.passes(MINUTE)
    }
    const incidents = [...world.store.incidents.values()]
    expect(incidents).toMatchObject([{ tokenId: 'a', endUser: '', signal: 'cold_start' }])
  })
})
