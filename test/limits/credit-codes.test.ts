import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codeFrom, newCode } from '../../src/limits/code-text.ts'
import { createCodeService, type NewCodes } from '../../src/limits/credit-codes.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { movableClock } from '../auth/helper.ts'

const CODE: NewCodes = { amount: 5n, uses: 1, expiresAt: null, reason: 'fair', count: 1 }

async function aService() {
  const clock = movableClock()
  const store = await openSqliteStore({ path: ':memory:', clock })
  const told: [string, bigint][] = []
  /** When the user was made. */
  const since = { at: 0 }
  const codes = createCodeService({
    credits: store.credits,
    clock,
    hash: (text) => `hash of ${text}`,
    momentOf: async () => Math.max(clock.now(), since.at),
    credited: (userId, amount) => void told.push([userId, amount]),
  })
  const make = async (more: Partial<NewCodes> = {}) => {
    const [issued] = await codes.createCodes({ ...CODE, ...more })
    if (issued === undefined) throw new Error('no code was made')
    return issued
  }
  return { clock, store, codes, told, since, make }
}

/** The code of an error, or of what went well nothing. */
async function outcomeOf(done: Promise<unknown>): Promise<unknown> {
  return done.then(
    () => 'redeemed',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  )
}

describe('a code', () => {
  it('gives its credit to a user, whom the limiter hears of', async () => {
    const { codes, store, told, make } = await aService()
    const { text } = await make()
    expect(await codes.redeem('ada', text)).toMatchObject({
      userId: 'ada',
      amount: 5n,
      kind: 'code',
      reason: 'fair',
    })
    expect([await store.credits.total('ada'), told]).toEqual([5n, [['ada', 5n]]])
  })

  it('gives it no earlier than its user was made, whatever the clock says', async () => {
    const { clock, codes, since, make } = await aService()
    since.at = clock.now() + 60_000
    const { text } = await make()
    expect(await codes.redeem('ada', text)).toMatchObject({ at: since.at })
  })

  it('with so many uses is redeemed so often, however many ask at a time', async () => {
    const { codes, store, make } = await aService()
    const { text } = await make({ uses: 3 })
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`)
    const outcomes = await Promise.all(users.map((user) => outcomeOf(codes.redeem(user, text))))
    expect(outcomes.filter((outcome) => outcome === 'redeemed')).toHaveLength(3)
    const totals = await Promise.all(users.map((user) => store.credits.total(user)))
    expect(totals.reduce((sum, one) => sum + one)).toBe(15n)
  })

  it('is redeemed by a user one time', async () => {
    const { codes, store, make } = await aService()
    const { text } = await make({ uses: 9 })
    const outcomes = [await outcomeOf(codes.redeem('ada', text)), await outcomeOf(codes.redeem('ada', text))]
    expect([outcomes, await store.credits.total('ada')]).toEqual([['redeemed', 'conflict'], 5n])
  })

  it('gives nothing once it has expired or was revoked', async () => {
    const { codes, clock, make } = await aService()
    const old = await make({ expiresAt: clock.now() + 1000 })
    const ended = await make()
    await codes.revokeCode(ended.record.id)
    clock.move(1000)
    const outcomes = [old, ended].map(({ text }) => outcomeOf(codes.redeem('ada', text)))
    expect(await Promise.all(outcomes)).toEqual(['conflict', 'conflict'])
  })

  it('is known to the store by its hash and its id alone', async () => {
    const { codes, make } = await aService()
    const { text, record } = await make()
    expect(record.hash).toBe(`hash of credit-code ${text}`)
    expect(text.startsWith(`MMGC-${record.id}-`)).toBe(true)
    expect(JSON.stringify((await codes.listCodes({ limit: 9 })).items.map(({ id }) => id))).not.toContain(
      text,
    )
  })

  it('is read however it is typed', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.constantFrom('', ' ', '-', ' - '), (isLower, between) => {
        const { id, text } = newCode()
        const typed = text
          .replaceAll('-', between)
          .replaceAll('0', 'o')
          .replace(/1(?!$)/g, 'l')
        expect(codeFrom(isLower ? typed.toLowerCase() : typed)).toEqual({ id, text })
      }),
    )
  })

  it.each([
    '',
    'MMGC',
    'MMGC-1111-2222',
    'XXXX-1111-2222-3333-4444-5555',
    `MMGC-${'1'.repeat(21)}`,
    'M'.repeat(1e6),
  ])('is not %j', (typed) => expect(codeFrom(typed)).toBeUndefined())
})

describe('wrong codes', () => {
  it('shut their user out for the rest of the hour after ten, right code or not, and nobody else', async () => {
    const { codes, clock, make } = await aService()
    const { text } = await make({ uses: 2 })
    const guesses = Array.from({ length: 12 }, () => outcomeOf(codes.redeem('ada', newCode().text)))
    const outcomes = await Promise.all(guesses)
    expect(outcomes.filter((outcome) => outcome === 'not_found')).toHaveLength(10)
    await expect(codes.redeem('ada', text)).rejects.toMatchObject({
      code: 'too_many_failures',
      retryAfter: 3600,
    })
    expect(await outcomeOf(codes.redeem('bob', text))).toBe('redeemed')
    clock.move(3_600_000)
    expect(await outcomeOf(codes.redeem('ada', text))).toBe('redeemed')
  })

  it('are not codes that are known but give nothing', async () => {
    const { codes, make } = await aService()
    const { text } = await make()
    const outcomes = []
    for (let tries = 0; tries < 15; tries++) outcomes.push(await outcomeOf(codes.redeem('ada', text)))
    expect(new Set(outcomes.slice(1))).toEqual(new Set(['conflict']))
  })
})
