import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Operator, OperatorStore, Store } from '../../src/store/store.ts'

/** An operator with everything that a test does not care about. */
export function anOperator(fields: Partial<Operator> = {}): Operator {
  const { id = 'operator1' } = fields
  return {
    id,
    name: 'Ann',
    role: 'operator',
    hash: `hash of ${id}`,
    networks: null,
    createdAt: 1000,
    expiresAt: null,
    revokedAt: null,
    replacedBy: null,
    lastUsedAt: null,
    lastUsedAddress: null,
    ...fields,
  }
}

/** What every store must do with operators, whatever it keeps things in. */
export function describeOperators(name: string, open: () => Promise<Store>): void {
  describe(`operators in ${name}`, () => {
    let store: Store
    let operators: OperatorStore
    beforeEach(async () => {
      store = await open()
      operators = store.operators
    })
    afterEach(() => store.close())

    it.each(['owner', 'operator', 'read-only', 'metrics'] as const)(
      'come back as they were added, a %s too',
      async (role) => {
        const operator = anOperator({ role, networks: ['10.0.0.0/8', 'fd00::/8'], expiresAt: 5000 })
        expect(await operators.add(operator)).toBe(true)
        expect(await operators.get('operator1')).toEqual(operator)
        expect(await operators.findByHash('hash of operator1')).toEqual(operator)
      },
    )

    it('are nobody under another id or hash', async () => {
      await operators.add(anOperator())
      expect(await operators.get(`' or 1 = 1 --`)).toBeUndefined()
      expect(await operators.findByHash('')).toBeUndefined()
    })

    it.each([
      ['id', { hash: 'another' }],
      ['hash', { id: 'another', hash: 'hash of operator1' }],
    ])('are not added when the %s is taken', async (_, fields) => {
      await operators.add(anOperator())
      expect(await operators.add(anOperator({ name: 'Eve', ...fields }))).toBe(false)
      expect(await operators.get('operator1')).toEqual(anOperator())
      expect((await operators.list({ limit: 10 })).items).toHaveLength(1)
    })

    it.each([1, 2, 10])('are listed oldest first, each once, in pages of %d', async (limit) => {
      for (const [at, id] of ['c', 'a', 'b'].entries())
        await operators.add(anOperator({ id, createdAt: Math.floor(at / 2) }))
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await operators.list({ limit, cursor })
        found.push(...page.items.map(({ id }) => id))
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      expect(found).toEqual(['a', 'c', 'b'])
    })

    it('are revoked once', async () => {
      await operators.add(anOperator())
      expect(await operators.revoke('operator1', 2000)).toEqual(anOperator({ revokedAt: 2000 }))
      expect(await operators.revoke('operator1', 3000)).toMatchObject({ revokedAt: 2000 })
      expect(await operators.revoke('operator2', 3000)).toBeUndefined()
    })

    it.each([
      ['at once', null, 2000, { revokedAt: 2000, expiresAt: null }],
      ['after a grace', null, 3000, { revokedAt: null, expiresAt: 3000 }],
      ['at its own expiry, where that is sooner', 2500, 3000, { revokedAt: null, expiresAt: 2500 }],
    ])('end %s when they are rotated', async (_, expiresAt, endsAt, expected) => {
      await operators.add(anOperator({ expiresAt }))
      const successor = anOperator({ id: 'operator2' })
      const old = await operators.rotate('operator1', successor, endsAt, 2000)
      expect(old).toEqual(anOperator({ ...expected, replacedBy: 'operator2' }))
      expect(await operators.get('operator2')).toEqual(successor)
    })

    it.each([
      ['was revoked', { revokedAt: 1500 }],
      ['has expired', { expiresAt: 1500 }],
      ['was replaced', { replacedBy: 'operator9' }],
    ])('are not rotated when one %s', async (_, fields) => {
      await operators.add(anOperator(fields))
      const rotated = operators.rotate('operator1', anOperator({ id: 'operator2' }), 3000, 2000)
      expect(await rotated).toBeUndefined()
      expect(await operators.get('operator2')).toBeUndefined()
    })

    it('are rotated with their successor or not at all', async () => {
      await operators.add(anOperator())
      await operators.add(anOperator({ id: 'operator2' }))
      const taken = anOperator({ id: 'operator3', hash: 'hash of operator2' })
      await expect(operators.rotate('operator1', taken, 3000, 2000)).rejects.toThrow()
      expect(await operators.get('operator1')).toEqual(anOperator())
    })

    it('remember when and from where they were used', async () => {
      await operators.add(anOperator())
      await operators.used('operator1', 2000, '192.0.2.1')
      await operators.used('operator2', 2000, '192.0.2.1')
      expect(await operators.get('operator1')).toEqual(
        anOperator({ lastUsedAt: 2000, lastUsedAddress: '192.0.2.1' }),
      )
    })
  })
}
