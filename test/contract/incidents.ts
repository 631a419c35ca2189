import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  AbuseProfile,
  Exemption,
  Incident,
  IncidentStore,
  PageRequest,
  Store,
} from '../../src/store/store.ts'
import { aToken, aUser } from './store.ts'

/** An incident with everything that a test does not care about. */
export function anIncident(fields: Partial<Incident> = {}): Incident {
  return {
    id: 'inc_1',
    tokenId: 'token1',
    userId: 'ada',
    endUser: '',
    state: 'open',
    signal: 'distinct_sources',
    response: 'notify',
    wouldBe: 'suspend',
    score: 0.75,
    evidence: [
      {
        signal: 'distinct_sources',
        family: 'identity',
        strength: 0.5,
        at: 1000,
        facts: { networks: 60, usual: 2.5, place: 'a "strange" näme' },
      },
    ],
    strikes: 0,
    openedAt: 1000,
    updatedAt: 1000,
    notifiedAt: null,
    ...fields,
  }
}

/** An exemption with everything that a test does not care about. */
export function anExemption(fields: Partial<Exemption> = {}): Exemption {
  return {
    id: 'exm_1',
    subject: { kind: 'token', id: 'token1' },
    signals: ['novel_source'],
    reason: 'a build farm',
    createdAt: 1000,
    expiresAt: 2000,
    ...fields,
  }
}

/** A token's past with everything that a test does not care about. */
export function aProfile(fields: Partial<AbuseProfile> = {}): AbuseProfile {
  return { tokenId: 'token1', savedAt: 1000, state: new Uint8Array([0, 1, 254, 255]), ...fields }
}

type Filter = Omit<Parameters<IncidentStore['list']>[0], keyof PageRequest>

/** What every store must do with incidents, whatever it keeps things in. */
export function describeIncidents(name: string, open: () => Promise<Store>): void {
  describe(`incidents in ${name}`, () => {
    let store: Store
    let incidents: IncidentStore
    beforeEach(async () => {
      store = await open()
      incidents = store.incidents
    })
    afterEach(() => store.close())

    async function pages(limit: number, filter: Filter = {}): Promise<string[][]> {
      const found: string[][] = []
      let cursor: string | undefined
      do {
        const page = await incidents.list({ limit, cursor, ...filter })
        found.push(page.items.map(({ id }) => id))
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      return found
    }

    it('come back as they were put', async () => {
      const incident = anIncident({ notifiedAt: 1500, strikes: 3, score: 1 / 3 })
      await incidents.put(incident)
      expect(await incidents.get('inc_1')).toEqual(incident)
      expect(await incidents.get('inc_2')).toBeUndefined()
    })

    it('take the place of the one with their id', async () => {
      await incidents.put(anIncident())
      await incidents.put(anIncident({ id: 'inc_2' }))
      const later = anIncident({ state: 'dismissed', evidence: [], score: 0, updatedAt: 2000 })
      await incidents.put(later)
      expect(await incidents.get('inc_1')).toEqual(later)
      expect(await incidents.get('inc_2')).toEqual(anIncident({ id: 'inc_2' }))
    })

    it.each([Number.NaN, Infinity])('whose evidence is %s are not stored', async (strength) => {
      const evidence = anIncident().evidence.map((one) => ({ ...one, strength }))
      await expect(incidents.put(anIncident({ evidence }))).rejects.toThrow()
      expect(await incidents.get('inc_1')).toBeUndefined()
    })

    it.each([1, 2, 3, 10])('are listed newest first, each once, in pages of %d', async (limit) => {
      await Promise.all(
        ['a', 'b', 'c', 'd', 'e'].map((id, at) =>
          incidents.put(anIncident({ id, openedAt: Math.floor(at / 2) })),
        ),
      )
      expect((await pages(limit)).flat()).toEqual(['e', 'd', 'c', 'b', 'a'])
    })

    it.each<[string, Filter, string[]]>([
      ['user', { userId: 'bob' }, ['d', 'c']],
      ['token', { tokenId: 't2' }, ['c', 'b']],
      ['state', { state: 'closed' }, ['d']],
      ['signal', { signal: 'cost_velocity' }, ['b', 'a']],
      ['all of these', { userId: 'ada', tokenId: 't2', state: 'open', signal: 'cost_velocity' }, ['b']],
      ['a user who has none', { userId: `' or 1 = 1 --` }, []],
    ])('are listed by %s', async (_, filter, ids) => {
      await incidents.put(anIncident({ id: 'a', openedAt: 1, tokenId: 't1', signal: 'cost_velocity' }))
      await incidents.put(anIncident({ id: 'b', openedAt: 2, tokenId: 't2', signal: 'cost_velocity' }))
      await incidents.put(anIncident({ id: 'c', openedAt: 3, tokenId: 't2', userId: 'bob' }))
      await incidents.put(anIncident({ id: 'd', openedAt: 4, tokenId: 't4', userId: 'bob', state: 'closed' }))
      expect((await pages(1, filter)).flat()).toEqual(ids)
    })

    it('are not listed from a cursor that is not ours', async () => {
      await expect(incidents.list({ limit: 1, cursor: 'nonsense' })).rejects.toMatchObject({
        code: 'invalid_query',
      })
    })

    it('that are open are all there at the start, oldest first', async () => {
      await incidents.put(anIncident({ id: 'a', openedAt: 3 }))
      await incidents.put(anIncident({ id: 'b', openedAt: 2, state: 'closed' }))
      await incidents.put(anIncident({ id: 'c', openedAt: 1 }))
      expect((await incidents.open()).map(({ id }) => id)).toEqual(['c', 'a'])
    })

    it('are strikes when they led to a suspension and were not dismissed', async () => {
      expect(await incidents.strikes('token1', '')).toBe(0)
      await incidents.put(anIncident({ id: 'a', response: 'suspend' }))
      await incidents.put(anIncident({ id: 'b', response: 'suspend', state: 'closed' }))
      await incidents.put(anIncident({ id: 'c', response: 'suspend', state: 'dismissed' }))
      await incidents.put(anIncident({ id: 'd', response: 'throttle', wouldBe: 'suspend' }))
      await incidents.put(anIncident({ id: 'e', response: 'suspend', tokenId: 'token2' }))
      expect(await incidents.strikes('token1', '')).toBe(2)
    })

    it('that are over are taken out when they are old, and exemptions that have ended', async () => {
      await incidents.put(anIncident({ id: 'old', state: 'closed', updatedAt: 999 }))
      await incidents.put(anIncident({ id: 'old too', state: 'dismissed', updatedAt: 1 }))
      await incidents.put(anIncident({ id: 'young', state: 'closed', updatedAt: 1000 }))
      await incidents.put(anIncident({ id: 'open', updatedAt: 1 }))
      await incidents.addExemption(anExemption({ id: 'ended', expiresAt: 1000 }))
      await incidents.addExemption(anExemption({ id: 'holds', expiresAt: 1001 }))
      expect(await incidents.prune(1000)).toBe(3)
      expect(await incidents.prune(1000)).toBe(0)
      expect((await pages(10)).flat()).toEqual(['young', 'open'])
      expect((await incidents.exemptions(0)).map(({ id }) => id)).toEqual(['holds'])
    })

    it('are taken out in steps', async () => {
      const ids = Array.from({ length: 1201 }, (_, at) => `inc_${at}`)
      for (const id of ids) await incidents.put(anIncident({ id, state: 'closed' }))
      const steps: number[] = []
      for (let step = -1; step !== 0; steps.push(step)) step = await incidents.prune(2000)
      expect(steps.reduce((sum, step) => sum + step, 0)).toBe(1201)
      expect(Math.max(...steps)).toBeLessThan(1001)
    })
  })

  describe(`exemptions in ${name}`, () => {
    let store: Store
    let incidents: IncidentStore
    beforeEach(async () => {
      store = await open()
      incidents = store.incidents
    })
    afterEach(() => store.close())

    it('hold until they end, and are shown oldest first', async () => {
      const forAll = anExemption({
        id: 'b',
        signals: null,
        createdAt: 5,
        subject: { kind: 'user', id: 'ada' },
      })
      await incidents.addExemption(anExemption({ id: 'a', createdAt: 9 }))
      await incidents.addExemption(forAll)
      await incidents.addExemption(anExemption({ id: 'c', createdAt: 5, expiresAt: 1500 }))
      const held = async (at: number) => (await incidents.exemptions(at)).map(({ id }) => id)
      expect([await held(1499), await held(1500), await held(2000)]).toEqual([
        ['b', 'c', 'a'],
        ['b', 'a'],
        [],
      ])
      expect(await incidents.exemptions(1500)).toEqual([forAll, anExemption({ id: 'a', createdAt: 9 })])
    })

    it('are taken back once', async () => {
      await incidents.addExemption(anExemption())
      expect(await incidents.removeExemption('exm_1')).toBe(true)
      expect(await incidents.removeExemption('exm_1')).toBe(false)
      expect(await incidents.exemptions(0)).toEqual([])
    })

    it('of a user and of their tokens go with them, and no others', async () => {
      await store.users.add(aUser({ status: 'suspended' }))
      await store.users.add(aUser({ id: 'bob' }))
      await store.tokens.add(aToken())
      await store.tokens.add(aToken({ id: 'token2', userId: 'bob' }))
      for (const [id, subject] of [
        ['a', { kind: 'user', id: 'ada' }],
        ['b', { kind: 'token', id: 'token1' }],
        ['c', { kind: 'user', id: 'bob' }],
        ['d', { kind: 'token', id: 'token2' }],
        ['e', { kind: 'token', id: 'ada' }],
      ] as const) {
        await incidents.addExemption(anExemption({ id, subject }))
      }
      expect(await store.users.remove('bob')).toBe(false)
      expect(await incidents.exemptions(0)).toHaveLength(5)
      expect(await store.users.remove('ada')).toBe(true)
      expect((await incidents.exemptions(0)).map(({ id }) => id)).toEqual(['c', 'd', 'e'])
    })
  })

  describe(`pasts of tokens in ${name}`, () => {
    let store: Store
    let incidents: IncidentStore
    beforeEach(async () => {
      store = await open()
      incidents = store.incidents
      await store.users.add(aUser())
      await store.users.add(aUser({ id: 'bob' }))
      for (const id of ['token1', 'token2', 'token3']) await store.tokens.add(aToken({ id }))
      await store.tokens.add(aToken({ id: 'token4', userId: 'bob' }))
    })
    afterEach(() => store.close())

    async function saved(after = '', limit = 100): Promise<AbuseProfile[]> {
      const found = await incidents.profiles(after, limit)
      return found.map(({ tokenId, savedAt, state }) => ({ tokenId, savedAt, state: new Uint8Array(state) }))
    }

    it('come back as they were saved, the newest of each token', async () => {
      await incidents.saveProfiles([aProfile(), aProfile({ tokenId: 'token2', state: new Uint8Array() })])
      const newer = aProfile({ savedAt: 2000, state: new Uint8Array(10_000).fill(7) })
      await incidents.saveProfiles([newer])
      expect(await saved()).toEqual([newer, aProfile({ tokenId: 'token2', state: new Uint8Array() })])
      await incidents.saveProfiles([])
      expect(await saved()).toHaveLength(2)
    })

    it('hold their own bytes alone, also when these are a part of more', async () => {
      const state = Buffer.from('....{"a":1}....').subarray(4, 11)
      await incidents.saveProfiles([aProfile({ state })])
      const [found] = await saved()
      expect(Buffer.from(found?.state ?? []).toString()).toBe('{"a":1}')
    })

    it('are read in the order of tokens, after one of them', async () => {
      const tokens = ['token3', 'token1', 'token4', 'token2']
      await incidents.saveProfiles(tokens.map((tokenId) => aProfile({ tokenId })))
      const ids = async (after: string, limit: number) =>
        (await saved(after, limit)).map(({ tokenId }) => tokenId)
      expect(await ids('', 3)).toEqual(['token1', 'token2', 'token3'])
      expect(await ids('token3', 3)).toEqual(['token4'])
      expect(await ids('token4', 3)).toEqual([])
    })

    it('of a token that is not there are not kept, and keep none of the others back', async () => {
      await incidents.saveProfiles([aProfile({ tokenId: 'gone' }), aProfile()])
      expect(await saved()).toEqual([aProfile()])
    })

    it('go with their user, and no others', async () => {
      await incidents.saveProfiles([aProfile(), aProfile({ tokenId: 'token4' })])
      await store.users.update('ada', { status: 'suspended' }, 1)
      expect(await store.users.remove('ada')).toBe(true)
      expect(await saved()).toEqual([aProfile({ tokenId: 'token4' })])
    })

    it('are saved by hundreds', async () => {
      const ids = Array.from({ length: 300 }, (_, at) => `many${String(at).padStart(3, '0')}`)
      for (const id of ids) await store.tokens.add(aToken({ id, userId: 'bob' }))
      await incidents.saveProfiles(ids.map((tokenId) => aProfile({ tokenId })))
      expect((await saved('', 1000)).map(({ tokenId }) => tokenId)).toEqual(ids)
    })
  })
}
