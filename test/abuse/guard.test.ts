import { describe, expect, it } from 'vitest'
import type { Response } from '../../src/signals.ts'
import { call, DAY, HOUR, MINUTE, seen, World } from './incident-world.ts'

const leak = { tokenId: 'a', userId: 'u', source: 'github', url: 'https://example.com/a' }

describe('what a token is found to do', () => {
  it('is nothing while its watchers find nothing', async () => {
    const world = new World()
    await world.finds('a')
    expect(world.store.incidents.size).toBe(0)
    expect(world.done).toEqual([])
  })

  it('is written down, and no more, when it is weak', async () => {
    const world = new World()
    await world.finds('a', seen('novel_source', 0.25))
    expect(world.incidentOf('a')).toMatchObject({ response: 'watch', state: 'open', notifiedAt: null })
    expect(world.notices).toEqual([])
    expect(world.counted).toEqual(['novel_source watch'])
    expect(world.changes).toEqual(['a open watch'])
  })

  it('is told once, however often it is found', async () => {
    const world = new World()
    for (let minute = 0; minute < 60; minute++) {
      await world.finds('a', seen('volume_envelope', 0.6))
      world.passes(MINUTE)
    }
    expect(world.notices).toEqual(['opened a notify'])
    expect(world.counted).toEqual(['volume_envelope notify'])
    expect(world.store.incidents.size).toBe(1)
  })

  it('slows the token down to what is usual for it', async () => {
    const world = new World()
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.done).toEqual(['throttle a 12'])
    expect(world.incidentOf('a')).toMatchObject({ response: 'throttle', wouldBe: 'throttle', score: 1 })
  })

  it.each([
    ['hardly anything', 1, 1],
    ['a little more than one a minute', 11, 2],
    ['nothing that is known', undefined, 10],
  ])('slows a token down that usually does %s', async (_, usual, rate) => {
    const world = new World()
    world.watchers.usual = usual
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.done).toEqual([`throttle a ${rate}`])
  })

  it('stops the token when two families say so, and tells of it again', async () => {
    const world = new World()
    await world.finds('a', seen('distinct_sources', 1))
    world.passes(10_000)
    await world.finds('a', seen('distinct_sources', 1), seen('volume_envelope', 0.5))
    expect(world.done).toEqual(['throttle a 12', 'throttle a 12', 'suspend a'])
    expect(world.notices).toEqual(['opened a throttle', 'suspended a suspend'])
    expect(world.incidentOf('a')?.evidence.map(({ signal }) => signal)).toEqual([
      'distinct_sources',
      'volume_envelope',
    ])
    await world.finds('a', seen('distinct_sources', 1), seen('volume_envelope', 1))
    expect(world.done.filter((what) => what === 'suspend a')).toHaveLength(1)
  })

  it('takes things that are far apart for no two opinions', async () => {
    const world = new World()
    await world.finds('a', seen('distinct_sources', 1))
    world.passes(61 * MINUTE)
    await world.finds('a', seen('volume_envelope', 1))
    expect(world.incidentOf('a')).toMatchObject({ response: 'throttle' })
    expect(world.incidentOf('a')?.evidence).toHaveLength(2)
  })

  it('keeps the strongest of what one look finds of one signal', async () => {
    const world = new World()
    await world.finds('a', seen('volume_envelope', 0.9), seen('volume_envelope', 0.5))
    expect(world.incidentOf('a')?.evidence).toMatchObject([{ strength: 0.9, family: 'volume' }])
  })

  it('counts what is found across tokens', async () => {
    const world = new World()
    world.cross = [{ ...seen('shared_source', 0.5), tokenId: 'b', userId: 'u', at: world.clock.time }]
    await world.guard.look()
    expect(world.incidentOf('b')).toMatchObject({ userId: 'u', signal: 'shared_source', response: 'notify' })
  })
})

describe('an incident', () => {
  it('ends two hours after the last evidence, and the token goes on at its own speed', async () => {
    const world = new World()
    await world.finds('a', seen('distinct_sources', 1))
    world.watchers.found.clear()
    world.passes(2 * HOUR - 1)
    await world.guard.look()
    expect(world.incidentOf('a')).toMatchObject({ state: 'open' })
    world.passes(1)
    await world.guard.look()
    expect(world.incidentOf('a')).toMatchObject({ state: 'closed', response: 'throttle' })
    expect(world.done.at(-1)).toBe('unthrottle a')
    expect(world.changes.at(-1)).toBe('a closed throttle')
  })

  it('never steps down before', async () => {
    const world = new World()
    await world.finds('a', seen('distinct_sources', 1))
    world.passes(HOUR)
    await world.finds('a', seen('distinct_sources', 0.3))
    expect(world.incidentOf('a')).toMatchObject({ response: 'throttle', score: 1 })
  })

  it('with a suspension waits for somebody to look', async () => {
    const world = new World()
    await world.guard.report(leak)
    world.passes(6 * DAY)
    await world.guard.look()
    expect(world.incidentOf('a')).toMatchObject({ state: 'open', response: 'suspend' })
    world.passes(DAY)
    await world.guard.look()
    expect(world.incidentOf('a')).toMatchObject({ state: 'closed' })
    expect(world.done).not.toContain('reinstate a')
  })

  it('counts as a strike when it suspended, and the next comes to that sooner', async () => {
    const world = new World()
    const mild = [seen('distinct_sources', 0.5), seen('volume_envelope', 0.5)]
    await world.finds('a', ...mild)
    expect(world.incidentOf('a')).toMatchObject({ response: 'throttle', strikes: 0 })
    await world.guard.report(leak)
    const id = world.incidentOf('a')?.id ?? ''
    await world.guard.incidents.close(id)
    world.passes(3 * HOUR)
    await world.finds('a', ...mild)
    expect(world.incidentOf('a')).toMatchObject({ response: 'suspend', strikes: 1 })
  })
})

describe('the limits that the operator sets', () => {
  it.each<[Response | 'off', string | undefined, string[]]>([
    ['off', undefined, []],
    ['watch', 'watch', []],
    ['notify', 'notify', []],
    ['throttle', 'throttle', ['throttle a 12']],
    ['suspend', 'suspend', ['throttle a 12', 'suspend a']],
  ])('%s goes no further than %s', async (response, step, done) => {
    const world = new World({ settings: { response } })
    await world.finds('a', seen('distinct_sources', 1), seen('denials', 1))
    expect(world.incidentOf('a')?.response).toBe(step)
    expect(world.done).toEqual(done)
    if (step !== undefined) expect(world.incidentOf('a')?.wouldBe).toBe('suspend')
  })

  it.each([['distinct_sources'], ['*']])(
    'record a signal in the shadow of %s, and do nothing',
    async (shadow) => {
      const world = new World({ settings: { shadow: [shadow] } })
      await world.finds('a', seen('distinct_sources', 1))
      expect(world.incidentOf('a')).toMatchObject({
        response: 'watch',
        wouldBe: 'throttle',
        notifiedAt: null,
      })
      expect([...world.done, ...world.notices]).toEqual([])
    },
  )

  it('keep a signal in shadow out of what two families say', async () => {
    const world = new World({ settings: { shadow: ['distinct_sources'] } })
    await world.finds('a', seen('distinct_sources', 1), seen('denials', 1))
    expect(world.incidentOf('a')).toMatchObject({ response: 'throttle', wouldBe: 'suspend' })
  })
})

describe('a refused request', () => {
  const refused = { code: 'token_revoked', tokenId: 'a', userId: 'u', address: '192.0.2.7' } as const

  it('of a revoked token is told once a day', async () => {
    const world = new World()
    for (let hour = 0; hour < 30; hour++) {
      world.guard.refused({ ...refused, at: world.clock.time })
      await world.guard.look()
      world.passes(HOUR)
    }
    expect(world.notices).toEqual(['opened a notify', 'opened a notify'])
    expect(world.incidentOf('a')).toMatchObject({ signal: 'revoked_in_use' })
    expect(world.incidentOf('a')?.evidence[0]?.facts).toEqual({
      refusal: 'token_revoked',
      network: '192.0.2.0/24',
    })
  })

  it.each([
    ['from an allowed network', { address: '198.51.100.1' }],
    ['of a token that has expired', { code: 'token_expired' }],
    ['of a suspended user', { code: 'user_suspended' }],
  ] as const)('%s is nothing', async (_, more) => {
    const world = new World()
    world.guard.refused({ ...refused, at: world.clock.time, ...more })
    await world.guard.look()
    expect(world.store.incidents.size).toBe(0)
  })
})

describe('a leak that is proved', () => {
  it('stops the token at once', async () => {
    const world = new World()
    await world.guard.report(leak)
    expect(world.done).toContain('suspend a')
    expect(world.notices).toEqual(['opened a suspend'])
    expect(world.incidentOf('a')?.evidence[0]?.facts).toEqual({
      source: 'github',
      found_at: 'https://example.com/a',
    })
  })

  it('is looked at once, however many tokens are reported together', async () => {
    const world = new World()
    const ids = Array.from({ length: 300 }, (_, index) => `t${index}`)
    await Promise.all(ids.map((tokenId) => world.guard.report({ ...leak, tokenId })))
    expect(world.done.filter((what) => what.startsWith('suspend'))).toHaveLength(300)
    expect(world.store.puts).toBe(300)
  })
})

describe('the guard', () => {
  it('lets no failure of a watcher into a request, and counts it', async () => {
    const world = new World()
    await world.guard.start()
    for (let at = 0; at < 5; at++) {
      expect(() => world.guard.observe(call('a', world.clock.time, { operation: 'broken' }))).not.toThrow()
    }
    await world.finds('a', seen('denials', 0.5))
    expect(world.errors).toMatchObject([{ message: 'detection failed at 5 calls; the first' }])
    expect(world.notices).toEqual(['opened a notify'])
  })

  it('lists where the tokens of a user were used from', async () => {
    const world = new World()
    world.guard.observe(call('a', world.clock.time))
    await world.guard.look()
    expect(await world.guard.incidents.sources('u')).toMatchObject([
      { tokenId: 'a', prefix: '192.0.2.0/24', calls: 1 },
      { tokenId: 'b', calls: 0 },
    ])
  })
})
