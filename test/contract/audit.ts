import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEnd, AuditFilter, AuditOpening, AuditStore, Store } from '../../src/store/store.ts'

/** A change that is about to be made, with everything that a test does not care about. */
export function anOpening(fields: Partial<AuditOpening> = {}): AuditOpening {
  return {
    id: 'aud_1',
    at: 1000,
    operatorId: 'operator1',
    operatorName: 'Ann',
    role: 'operator',
    address: '192.0.2.1',
    method: 'PATCH',
    route: '/admin/v1/users/:id',
    action: 'changeUser',
    target: 'user ada',
    request: '{"name":"Ada"}',
    requestId: '0'.repeat(32),
    ...fields,
  }
}

/** What came of it. */
export function anEnd(fields: Partial<AuditEnd> = {}): AuditEnd {
  return {
    target: 'user ada',
    status: 200,
    outcome: 'done',
    error: null,
    before: '{"name":null}',
    after: '{"name":"Ada"}',
    ...fields,
  }
}

const UNENDED = { status: null, outcome: 'begun', error: null, before: null, after: null }

/** What every store must do with the audit log, whatever it keeps things in. */
export function describeAudit(name: string, open: () => Promise<Store>): void {
  describe(`the audit log in ${name}`, () => {
    let store: Store
    let audit: AuditStore
    beforeEach(async () => {
      store = await open()
      audit = store.audit
    })
    afterEach(() => store.close())

    const all = async (filter: AuditFilter = {}) => (await audit.list({ limit: 100, ...filter })).items
    const ids = async (filter: AuditFilter = {}) => (await all(filter)).map(({ id }) => id)

    it('has what was begun, with no end', async () => {
      await audit.begin(anOpening({ request: null }))
      expect(await all()).toEqual([{ ...anOpening({ request: null }), ...UNENDED }])
    })

    it('has what ended, as it ended', async () => {
      await audit.begin(anOpening({ target: 'user' }))
      expect(await audit.end('aud_1', anEnd())).toBe(true)
      expect(await all()).toEqual([{ ...anOpening(), ...anEnd() }])
    })

    it('ends an entry once, and none that is not there', async () => {
      await audit.begin(anOpening())
      await audit.end('aud_1', anEnd())
      const other = anEnd({ outcome: 'failed', status: 500, error: 'internal', target: 'nothing' })
      expect(await audit.end('aud_1', other)).toBe(false)
      expect(await audit.end('aud_2', other)).toBe(false)
      expect(await all()).toEqual([{ ...anOpening(), ...anEnd() }])
    })

    it('refuses an id that is taken, and keeps what it has', async () => {
      await audit.begin(anOpening())
      await expect(audit.begin(anOpening({ operatorName: 'Eve' }))).rejects.toThrow()
      expect(await all()).toEqual([{ ...anOpening(), ...UNENDED }])
    })

    it.each([1, 2, 10])('is listed newest first, each entry once, in pages of %d', async (limit) => {
      for (const [at, id] of ['a', 'b', 'c', 'd', 'e'].entries())
        await audit.begin(anOpening({ id, at: Math.floor(at / 2) }))
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await audit.list({ limit, cursor })
        found.push(...page.items.map(({ id }) => id))
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      expect(found).toEqual(['e', 'd', 'c', 'b', 'a'])
    })

    it.each<[string, AuditFilter, string[]]>([
      ['operator', { operatorId: 'owner' }, ['b']],
      ['action', { action: 'addUser' }, ['c', 'b']],
      ['target', { target: 'user bob' }, ['c']],
      ['outcome', { outcome: 'done' }, ['a']],
      ['beginning', { from: 1001 }, ['c', 'b']],
      ['end', { to: 1002 }, ['b', 'a']],
      ['all of these', { operatorId: 'owner', action: 'addUser', from: 1001, to: 1002 }, ['b']],
      ['something that is nobody', { operatorId: `' or 1 = 1 --` }, []],
    ])('is listed by %s', async (_, filter, expected) => {
      await audit.begin(anOpening({ id: 'a' }))
      await audit.end('a', anEnd())
      await audit.begin(anOpening({ id: 'b', at: 1001, operatorId: 'owner', action: 'addUser' }))
      await audit.begin(anOpening({ id: 'c', at: 1002, action: 'addUser', target: 'user bob' }))
      expect(await ids(filter)).toEqual(expected)
    })

    it('loses entries by their age alone', async () => {
      await audit.begin(anOpening({ id: 'a', at: 999 }))
      await audit.begin(anOpening({ id: 'b', at: 1000 }))
      expect(await audit.prune(1000)).toBe(1)
      expect(await audit.prune(1000)).toBe(0)
      expect(await ids()).toEqual(['b'])
    })

    it('loses many of them in parts', async () => {
      for (let at = 0; at < 501; at++) await audit.begin(anOpening({ id: `a${at}`, at }))
      expect([await audit.prune(1000), await audit.prune(1000), await audit.prune(1000)]).toEqual([500, 1, 0])
    })
  })
}
