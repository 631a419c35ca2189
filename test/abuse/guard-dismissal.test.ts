import { describe, expect, it } from 'vitest'
import { DAY, MINUTE, seen, World } from './incident-world.ts'

const both = [seen('distinct_sources', 1), seen('denials', 1)]

async function suspended() {
  const world = new World()
  await world.finds('a', ...both)
  return { world, id: world.incidentOf('a')?.id ?? '' }
}

describe('a dismissal', () => {
  it('lets the token go on at its own speed', async () => {
    const { world, id } = await suspended()
    expect(await world.guard.incidents.dismiss(id, 'a new office')).toMatchObject({ state: 'dismissed' })
    expect(world.done.slice(-2)).toEqual(['unthrottle a', 'reinstate a'])
    expect(world.incidentOf('a')).toMatchObject({ state: 'dismissed', response: 'suspend' })
  })

  it('keeps the signals of the incident quiet for 7 days, and no others', async () => {
    const { world, id } = await suspended()
    await world.guard.incidents.dismiss(id, '')
    for (let day = 0; day < 6; day++) {
      world.passes(DAY)
      await world.finds('a', ...both)
    }
    expect(world.store.incidents.size).toBe(1)
    await world.finds('a', ...both, seen('volume_envelope', 0.5))
    expect(world.incidentOf('a')).toMatchObject({ response: 'notify', wouldBe: 'notify' })
    world.passes(DAY + MINUTE)
    await world.finds('a', ...both)
    expect(world.incidentOf('a')).toMatchObject({ response: 'suspend' })
  })

  it('keeps other tokens as they are', async () => {
    const { world, id } = await suspended()
    await world.guard.incidents.dismiss(id, '')
    await world.finds('b', ...both)
    expect(world.done.at(-1)).toBe('suspend b')
  })

  it('is no strike', async () => {
    const { world, id } = await suspended()
    await world.guard.incidents.dismiss(id, '')
    await world.finds('a', seen('volume_envelope', 0.5))
    expect(world.incidentOf('a')).toMatchObject({ strikes: 0 })
  })

  it('of an incident that has ended still reinstates', async () => {
    const { world, id } = await suspended()
    world.watchers.found.clear()
    world.passes(8 * DAY)
    await world.guard.look()
    expect(world.incidentOf('a')).toMatchObject({ state: 'closed' })
    await world.guard.incidents.dismiss(id, '')
    expect(world.incidentOf('a')).toMatchObject({ state: 'dismissed' })
    expect(world.done.at(-1)).toBe('reinstate a')
  })

  it('may be said twice', async () => {
    const { world, id } = await suspended()
    await world.guard.incidents.dismiss(id, '')
    await world.guard.incidents.dismiss(id, '')
    expect(world.store.held.size).toBe(1)
    expect([...world.store.held.values()]).toMatchObject([
      {
        subject: { kind: 'token', id: 'a' },
        signals: ['denials', 'distinct_sources'],
        reason: `dismissed incident ${id}`,
      },
    ])
  })

  it('of nothing that is there is nothing', async () => {
    expect(await new World().guard.incidents.dismiss('inc_none', '')).toBeUndefined()
  })
})

describe('an exemption', () => {
  const base = { reason: 'a load test', signals: null }

  it.each([
    ['the token', { kind: 'token', id: 'a' }, null],
    ['the user', { kind: 'user', id: 'user-of-a' }, null],
    ['the signal', { kind: 'token', id: 'a' }, ['distinct_sources']],
  ] as const)('for %s records what would have been, and does nothing', async (_, subject, signals) => {
    const world = new World()
    await world.guard.incidents.exempt({ ...base, subject, signals, expiresAt: world.clock.time + DAY })
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.incidentOf('a')).toMatchObject({ response: 'watch', wouldBe: 'throttle' })
    expect([...world.done, ...world.notices]).toEqual([])
  })

  it('ends by itself, or when it is removed', async () => {
    const world = new World()
    const subject = { kind: 'token', id: 'a' } as const
    await world.guard.incidents.exempt({ ...base, subject, expiresAt: world.clock.time + MINUTE })
    const { id } = await world.guard.incidents.exempt({
      ...base,
      subject,
      expiresAt: world.clock.time + DAY,
    })
    expect(await world.guard.incidents.exemptions()).toHaveLength(2)
    world.passes(2 * MINUTE)
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.done).toEqual([])
    expect(await world.guard.incidents.removeExemption(id)).toBe(true)
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.done).toEqual(['throttle a 12'])
  })

  it('for another signal changes nothing', async () => {
    const world = new World()
    const subject = { kind: 'token', id: 'a' } as const
    const expiresAt = world.clock.time + DAY
    await world.guard.incidents.exempt({ ...base, subject, signals: ['denials'], expiresAt })
    await world.finds('a', seen('distinct_sources', 1))
    expect(world.done).toEqual(['throttle a 12'])
  })
})
