import { beforeEach, describe, expect, it } from 'vitest'
import type { EndUserGate } from '../../../src/auth/end-user-gate.ts'
import type { Identity } from '../../../src/auth/identity.ts'
import { TokenRefusal } from '../../../src/auth/refusal.ts'
import type { SessionClaims } from '../../../src/auth/session/claims.ts'
import { sealSession, sessionKey } from '../../../src/auth/session/token.ts'
import type { SessionRules } from '../../../src/auth/session/sessions.ts'
import { aHouse, outcomeOf, START, type House } from '../helper.ts'

describe('a session', () => {
  let house: House
  let parentId: string
  beforeEach(async () => {
    house = await aHouse()
    parentId = (await house.tokens.create('ada')).id
  })

  const made = async (rules: SessionRules = {}, of = parentId) => await house.sessions.create(of, rules)
  const outcome = (credential: string) => outcomeOf(() => house.authenticator.authenticate(credential))
  const sealed = (claims: SessionClaims, changed: Partial<SessionClaims>) =>
    sealSession({ ...claims, ...changed }, sessionKey(house.hash), 'mmg')

  it('is its parent, by another name and for a shorter time', async () => {
    const { token, claims } = await made({ endUser: 'eve', expiresInMs: 60_000 })
    expect(await house.authenticator.authenticate(token)).toMatchObject({
      userId: 'ada',
      tokenId: parentId,
      kind: 'session',
      sessionId: claims.id,
      endUser: 'eve',
      expiresAt: START + 60_000,
    })
  })

  it('needs no look-up of its own, and one of its parent in 30 seconds for all of them', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => made()))
    const { count } = house.byId
    const outcomes = await Promise.all(tokens.map(({ token }) => outcome(token)))
    expect(new Set(outcomes)).toEqual(new Set(['ada']))
    expect(house.byId.count - count).toBe(1)
    house.clock.move(30_000)
    const late = await made({}, parentId)
    const before = house.byId.count
    expect(await outcome(late.token)).toBe('ada')
    expect(house.byId.count).toBe(before)
    house.clock.move(1)
    expect(await outcome(late.token)).toBe('ada')
    expect(house.byId.count).toBe(before + 1)
  })

  it('is answered from memory without a promise', async () => {
    const { token } = await made()
    const first = await house.authenticator.authenticate(token)
    expect(house.authenticator.authenticate(token)).toBe(first)
  })

  it('is over from the millisecond on at which it expires, also out of memory', async () => {
    const { token } = await made({ expiresInMs: 1_000 })
    house.clock.move(999)
    expect(await outcome(token)).toBe('ada')
    house.clock.move(1)
    expect(await outcome(token)).toBe('token_expired')
  })

  it.each<[string, string, () => Promise<unknown>]>([
    ['revoked', 'token_revoked', () => house.tokens.revoke(parentId)],
    ['suspended', 'token_suspended', () => house.tokens.suspend(parentId, 'inc_1')],
    ['rotated', 'token_revoked', () => house.tokens.rotate(parentId)],
    ["a suspended user's", 'user_suspended', () => house.users.update('ada', { status: 'suspended' })],
  ])('ends at once when its parent is %s, whether it was ever used or not', async (_, code, end) => {
    const [used, unused] = [await made(), await made()]
    expect(await outcome(used.token)).toBe('ada')
    await end()
    expect([await outcome(used.token), await outcome(unused.token)]).toEqual([code, code])
    const refused = Promise.resolve().then(() => house.authenticator.authenticate(used.token))
    const error: unknown = await refused.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TokenRefusal)
    expect(error).toMatchObject({
      identity: { kind: 'session', sessionId: used.claims.id, tokenId: parentId },
    })
  })

  it('goes on while its parent does, which was rotated with grace', async () => {
    const { token } = await made()
    expect(await outcome(token)).toBe('ada')
    await house.tokens.rotate(parentId, 5_000)
    expect(await outcome(token)).toBe('ada')
    house.clock.move(5_000)
    expect(await outcome(token)).toBe('token_expired')
  })

  it('is refused to a look-up that has read its parent before it was revoked', async () => {
    const { token } = await made()
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>()
    house.byId.around = async (find, id) => {
      const old = await find(id)
      await held
      return old
    }
    const before = outcome(token)
    await house.tokens.revoke(parentId)
    release(undefined)
    expect(await before).toBe('token_revoked')
    expect(await outcome(token)).toBe('token_revoked')
  })

  it('sees within 30 seconds what another process changed in the store', async () => {
    const { token } = await made()
    await outcome(token)
    await house.store.tokens.revoke(parentId, 1)
    house.clock.move(30_001)
    expect(await outcome(token)).toBe('token_revoked')
  })

  it('has the rules of its parent as they are now', async () => {
    const { token } = await made()
    await house.authenticator.authenticate(token)
    await house.tokens.update(parentId, { operations: ['speech.sync'] })
    const identity = await house.authenticator.authenticate(token)
    expect(['chat.native', 'speech.sync'].filter((name) => identity.mayUseOperation(name))).toEqual([
      'speech.sync',
    ])
  })

  it('is slowed down together with its parent', async () => {
    const { token } = await made()
    await house.authenticator.authenticate(token)
    house.authenticator.throttle(parentId, 6)
    const { limited } = await house.authenticator.authenticate(token)
    expect(limited).toMatchObject([{ kind: 'token', id: parentId, limits: { requestsPerMinute: 6 } }])
    house.authenticator.throttle(parentId, null)
    expect((await house.authenticator.authenticate(token)).limited).toEqual([])
  })

  it('is limited by its own limits beside those of its token and its user', async () => {
    await house.users.update('ada', { limits: { requestsPerMinute: 100 } })
    await house.tokens.update(parentId, { limits: { concurrency: 5 } })
    const { token, claims } = await made({ limits: { concurrency: 50, calls: 3 } })
    const { limited } = await house.authenticator.authenticate(token)
    expect(limited).toMatchObject([
      { kind: 'user', id: 'ada', limits: { requestsPerMinute: 100 } },
      { kind: 'token', id: parentId, limits: { concurrency: 5 } },
      { kind: 'session', id: claims.id, since: START, limits: { concurrency: 50 }, calls: 3 },
    ])
  })

  it('may be used from where both it and its parent may', async () => {
    const parent = await house.tokens.create('ada', {
      networks: ['10.0.0.0/8'],
      origins: ['https://a.example'],
    })
    const { token } = await made({ networks: ['10.1.0.0/16'] }, parent.id)
    const { refusalFrom, origins } = await house.authenticator.authenticate(token)
    expect(origins).toEqual(['https://a.example'])
    expect(refusalFrom({ address: '10.1.2.3', origin: 'https://a.example' })).toBeNull()
    expect(refusalFrom({ address: '10.2.2.3', origin: 'https://a.example' })).toBe('address_forbidden')
    expect(refusalFrom({ address: '10.1.2.3', origin: undefined })).toBe('origin_forbidden')
    await house.tokens.update(parent.id, { networks: ['192.0.2.0/24'], origins: null })
    const later = await house.authenticator.authenticate(token)
    expect(later.refusalFrom({ address: '10.1.2.3', origin: undefined })).toBe('address_forbidden')
  })

  it.each<[string, (claims: SessionClaims) => Partial<SessionClaims>]>([
    ['another user', () => ({ userId: 'grace' })],
    ['whoever had the id of the user before', ({ userSince }) => ({ userSince: userSince - 1 })],
    ['a token that never was', () => ({ tokenId: '000000000000' })],
    [
      'a time in the future',
      ({ issuedAt }) => ({ issuedAt: issuedAt + 30_001, expiresAt: issuedAt + 60_000 }),
    ],
  ])('that is rightly sealed for %s is none', async (_, changed) => {
    await house.users.add({ id: 'grace' })
    const { claims } = await made()
    expect(await outcome(sealed(claims, {}))).toBe('ada')
    expect(await outcome(sealed(claims, changed(claims)))).toBe('token_invalid')
  })

  it('by a clock that goes a little before ours is taken', async () => {
    const { claims } = await made()
    expect(await outcome(sealed(claims, { issuedAt: claims.issuedAt + 30_000 }))).toBe('ada')
  })

  it('of a user who was deleted, and made again under the same id, is none', async () => {
    const { token } = await made()
    expect(await outcome(token)).toBe('ada')
    await house.users.update('ada', { status: 'suspended' })
    await house.store.users.remove('ada')
    house.authenticator.forget({ userId: 'ada', at: house.clock.now() })
    house.clock.move(1)
    await house.users.add({ id: 'ada' })
    await house.tokens.create('ada')
    expect(await outcome(token)).toBe('token_invalid')
  })

  it.each(['mmgs_', 'mmgs_.', `mmgs_${'a'.repeat(100)}.${'b'.repeat(43)}`, `mmgs_${'a'.repeat(3_000)}`])(
    'that is none (%s) costs no look-up',
    async (credential) => {
      expect(await outcome(credential)).toBe('token_invalid')
      expect([house.byId.count, house.lookups.count]).toEqual([0, 0])
    },
  )

  it('keeps no other credential out of memory, however many there are', async () => {
    house = await aHouse({ cacheSize: 2 })
    const server = await house.tokens.create('ada')
    await outcome(server.token)
    for (let count = 0; count < 10; count++) await outcome((await made({}, server.id)).token)
    await outcome(server.token)
    expect(house.lookups.count).toBe(1)
  })

  describe('when the store fails', () => {
    it('goes on for 30 seconds, and recovers with it', async () => {
      const { token } = await made()
      await outcome(token)
      house.byId.around = async () => Promise.reject(new Error('disk I/O error'))
      house.clock.move(30_000)
      expect(await outcome(token)).toBe('ada')
      house.clock.move(1)
      expect(await outcome(token)).toBe('store_unavailable')
      house.byId.around = (find, id) => find(id)
      expect(await outcome(token)).toBe('ada')
    })
  })
})

describe('an end user', () => {
  function gate() {
    const seen: string[] = []
    const endUsers: EndUserGate & { version: number; suspended: Set<string> } = {
      version: 0,
      suspended: new Set<string>(),
      admit(identity: Identity) {
        seen.push(identity.endUser)
        if (endUsers.suspended.has(identity.endUser)) throw new TokenRefusal('end_user_suspended', identity)
        return { ...identity, plan: 'judged' }
      },
    }
    return { seen, endUsers }
  }

  it('is judged once for each version of the gate, and by it alone', async () => {
    const { seen, endUsers } = gate()
    const house = await aHouse({ endUsers })
    const { id, token: server } = await house.tokens.create('ada')
    const { token } = await house.sessions.create(id, { endUser: 'eve' })
    const nobodys = await house.sessions.create(id, {})
    const first = await house.authenticator.authenticate(token)
    expect(first.plan).toBe('judged')
    expect(house.authenticator.authenticate(token)).toBe(first)
    await house.authenticator.authenticate(nobodys.token)
    await house.authenticator.authenticate(server)
    expect(seen).toEqual(['eve'])
    endUsers.suspended.add('eve')
    endUsers.version++
    expect(await outcomeOf(() => house.authenticator.authenticate(token))).toBe('end_user_suspended')
    endUsers.suspended.clear()
    endUsers.version++
    expect(await outcomeOf(() => house.authenticator.authenticate(token))).toBe('ada')
  })
})

describe('a JWT', () => {
  const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'

  it.each([JWT, 'a.b.c', 'a.b.'])('is none where no issuer is known: %s', async (credential) => {
    const house = await aHouse()
    expect(await outcomeOf(() => house.authenticator.authenticate(credential))).toBe('token_invalid')
  })

  it('is told by its shape, and what is known of it is dropped with its user', async () => {
    const house = await aHouse()
    const identity = await house.authenticator.authenticate((await house.tokens.create('ada')).token)
    const given: string[] = []
    const dropped: boolean[] = []
    const other = await aHouse({
      jwt: {
        authenticate(credential) {
          given.push(credential)
          return identity
        },
        drop: (isChanged) => dropped.push(isChanged(identity)),
      },
    })
    const all = [JWT, `${JWT}.more.parts`, 'two.parts', 'eyJ', `mmg_${JWT}`, `mmgs_${JWT}`, '', '..']
    const outcomes = []
    for (const credential of all)
      outcomes.push(await outcomeOf(() => other.authenticator.authenticate(credential)))
    expect(given).toEqual([JWT])
    expect(outcomes.filter((one) => one === 'ada')).toHaveLength(1)
    other.authenticator.refresh('ada')
    other.authenticator.refresh('grace')
    other.authenticator.forget({ userId: 'ada', at: 0 })
    expect(dropped).toEqual([true, false, true])
  })
})
