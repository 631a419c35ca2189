import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTokenHash } from '../../src/auth/hash.ts'
import { newToken } from '../../src/auth/token.ts'
import { base62FromInteger } from '../../src/lib/ids.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { aHouse, outcomeOf, START } from '../auth/helper.ts'
import { aToken, aUser } from '../contract/store.ts'

describe('row 7 of the checklist: the time that a refusal takes', () => {
  it('says nothing about how much of a token is right: all that are whole are looked up alike, by their hash', async () => {
    const house = await aHouse()
    const { id, token } = await house.tokens.create('ada')
    const asked: string[] = []
    house.lookups.around = (find, hash) => {
      asked.push(hash)
      return find(hash)
    }
    // The same id and all but the end of the secret; the same id alone; nothing at all in common.
    const near = whole(token.slice(0, 55))
    const guesses = [near, whole(`mmg_${id}_`), newToken('mmg').text]
    for (const guess of guesses) {
      expect(await outcomeOf(() => house.authenticator.authenticate(guess))).toBe('token_invalid')
    }
    expect(asked).toEqual(guesses.map((guess) => house.hash(guess)))
    // What differs in one character has another hash altogether, so that an index tells nothing of nearness.
    expect(commonStart(house.hash(near), house.hash(token))).toBeLessThan(12)
  })

  it('says nothing about whether a token is known: both are hashed, and neither is read from the store twice', async () => {
    const house = await aHouse()
    const { token } = await house.tokens.create('ada')
    const unknown = newToken('mmg').text
    for (let count = 0; count < 3; count++) {
      await outcomeOf(() => house.authenticator.authenticate(token))
      await outcomeOf(() => house.authenticator.authenticate(unknown))
    }
    expect(house.lookups.count).toBe(2)
  })

  it('asks no store about what is no whole token', async () => {
    const house = await aHouse()
    for (const text of ['x', 'mmg_', `mmg_${'a'.repeat(62)}`, newToken('acme').text]) {
      expect(await outcomeOf(() => house.authenticator.authenticate(text))).toBe('token_invalid')
    }
    expect(house.lookups.count).toBe(0)
  })
})

describe('row 8 of the checklist: a token', () => {
  it('has 256 bits that nobody can guess, and an id that says nothing of them', () => {
    const secrets = Array.from({ length: 2_000 }, () => newToken('mmg').text.slice(17, 60))
    expect(new Set(secrets).size).toBe(2_000)
    expect(Math.log2(62 ** 43)).toBeGreaterThan(256)
    // Every character of the alphabet stands at every place about as often.
    for (let place = 0; place < 43; place++) {
      const counts = new Map<string, number>()
      for (const secret of secrets)
        counts.set(secret.charAt(place), (counts.get(secret.charAt(place)) ?? 0) + 1)
      expect(counts.size).toBe(62)
      // 32 each are expected; six standard deviations more are 66.
      expect(Math.max(...counts.values())).toBeLessThan(80)
    }
  })

  it('is in no file of the store, and its hash is worth nothing without the pepper', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-c08-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const store = await openSqliteStore({ path: join(folder, 'gateway.db') })
    const { id, text } = newToken('mmg')
    const [hash, other] = [createTokenHash('p'.repeat(32)), createTokenHash('q'.repeat(32))]
    await store.users.add(aUser())
    await store.tokens.add(aToken({ id, hash: hash(text) }))
    await store.tokens.used([{ id, at: 1, address: '::1' }])
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'))
    expect(files.some((content) => content.includes(hash(text)))).toBe(true)
    expect(files.filter((content) => content.includes(text.slice(17, 40)))).toEqual([])
    expect(await store.tokens.findByHash(other(text))).toBeUndefined()
    await store.close()
  })
})

describe('row 10 of the checklist: the end of a token', () => {
  it.each([
    [-1, 'ada'],
    [0, 'token_expired'],
    [1, 'token_expired'],
  ])('holds to the millisecond, with a warm cache and without (%i ms)', async (offset, outcome) => {
    const house = await aHouse()
    const { token } = await house.tokens.create('ada', { expiresInMs: 10_000 })
    const cold = await house.tokens.create('ada', { expiresInMs: 10_000 })
    const use = (text: string) => outcomeOf(() => house.authenticator.authenticate(text))
    expect(await use(token)).toBe('ada')
    house.clock.move(10_000 + offset)
    expect([await use(token), await use(cold.token)]).toEqual([outcome, outcome])
  })

  it('goes by the clock of the wall, also when that steps back', async () => {
    const house = await aHouse()
    const { token } = await house.tokens.create('ada', { expiresInMs: 10_000 })
    const use = () => outcomeOf(() => house.authenticator.authenticate(token))
    house.clock.move(20_000)
    expect(await use()).toBe('token_expired')
    house.clock.move(-15_000)
    expect([house.clock.now(), await use()]).toEqual([START + 5_000, 'ada'])
  })
})

/** A token that begins so, with all else made up and the checksum right. */
function whole(start: string): string {
  const body = start + newToken('mmg').text.slice(start.length, 60)
  return body + base62FromInteger(crc32(body), 6)
}

function commonStart(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}
