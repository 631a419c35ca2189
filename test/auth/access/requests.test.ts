import { describe, expect, it } from 'vitest'
import { aPlan } from '../../contract/plans.ts'
import { accessOf, PUBLIC_URL, secretIn } from './kit.ts'
import { aHouse } from '../helper.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const EVE = 'eve@example.com'

async function aDesk(options: Parameters<typeof accessOf>[1] = {}) {
  const house = await aHouse()
  return { house, ...accessOf(house, options) }
}

/** A request whose address is proved. */
async function aVerified(options: Parameters<typeof accessOf>[1] = {}) {
  const desk = await aDesk(options)
  const id = await desk.ask(EVE)
  await desk.access.verify(secretIn(desk.mails.shift()))
  return { ...desk, id }
}

describe('a request for access', () => {
  it('leads from an address to a token', async () => {
    const { house, access, mails, moved, ask, settled } = await aDesk()
    const id = await ask(EVE, 'please')
    expect(mails).toMatchObject([{ to: EVE, subject: 'Confirm your address for gateway.example.com' }])
    expect(mails[0]?.text).toContain(`${PUBLIC_URL}/gateway/v1/access-requests/verify#`)
    expect(mails[0]?.text).not.toContain('please')
    const first = secretIn(mails.shift())
    expect([await access.verify(first), await access.verify(first)]).toEqual(['verified', 'again'])
    const { request, link } = await access.approve(id, { name: 'Eve', tokenLifetime: DAY })
    expect([request.state, link]).toEqual(['approved', null])
    await settled()
    expect(mails).toMatchObject([{ to: EVE, subject: 'Your access to gateway.example.com' }])
    const second = secretIn(mails[0])
    expect(await access.verify(second)).toBe('unknown')
    expect(await access.claim(first)).toEqual({ result: 'unknown' })
    const claimed = await access.claim(second)
    if (claimed.result !== 'claimed') throw new Error(claimed.result)
    expect(claimed.expiresAt).toBe(house.clock.now() + DAY)
    const identity = await house.authenticator.authenticate(claimed.token)
    const user = await house.users.get(identity.userId)
    expect(user).toMatchObject({ email: EVE, name: 'Eve', plan: null, status: 'active' })
    expect(await house.tokens.get(identity.tokenId)).toMatchObject({ name: 'access request', kind: 'server' })
    expect(await access.get(id)).toMatchObject({
      state: 'claimed',
      userId: user.id,
      tokenId: identity.tokenId,
    })
    expect(await access.claim(second)).toEqual({ result: 'used' })
    expect(moved).toEqual(['pending 1', 'verified 1', 'approved 1', 'claimed 1'])
  })

  it('gives one token to twenty who come at once', async () => {
    const { house, access, mails, id, settled } = await aVerified()
    const { request } = await access.approve(id, {})
    await settled()
    const secret = secretIn(mails[0])
    const results = await Promise.all(Array.from({ length: 20 }, () => access.claim(secret)))
    expect(results.filter(({ result }) => result === 'claimed')).toHaveLength(1)
    expect(results.filter(({ result }) => result === 'used')).toHaveLength(19)
    const { items } = await house.store.tokens.list({ limit: 9, userId: request.userId ?? '' })
    expect(items).toHaveLength(1)
  })

  it('without a mail server is unverified, and its link is shown to the operator', async () => {
    const { access, ask } = await aDesk({ hasMail: false })
    const id = await ask(EVE)
    expect(await access.get(id)).toMatchObject({ state: 'pending', mail: 'none' })
    const { link } = await access.approve(id, {})
    expect(link).toMatch(
      /^https:\/\/gateway\.example\.com\/mm\/gateway\/v1\/access-requests\/claim#[0-9A-Za-z]{43}$/,
    )
    expect(await access.claim(link?.split('#')[1] ?? '')).toMatchObject({ result: 'claimed' })
    expect(await access.claim(link?.split('#')[1] ?? '')).toEqual({ result: 'used' })
    await expect(access.resend(id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('shows the link to an operator who wants no mail', async () => {
    const { access, mails, id, settled } = await aVerified()
    const { link } = await access.approve(id, { isMailed: false })
    await settled()
    expect([typeof link, mails]).toEqual(['string', []])
  })

  it.each([
    ['before anybody looks', false],
    ['with a proved address', true],
  ])('expires after 72 hours %s', async (_, isVerified) => {
    const { house, access, mails, moved, ask } = await aDesk()
    const id = await ask(EVE)
    const secret = secretIn(mails[0])
    if (isVerified) await access.verify(secret)
    house.clock.move(72 * HOUR - 1)
    expect((await access.get(id)).state).toBe(isVerified ? 'verified' : 'pending')
    house.clock.move(1)
    expect((await access.list({ limit: 9, state: 'expired' })).items).toHaveLength(1)
    expect(await access.verify(secret)).toBe('unknown')
    await expect(access.approve(id, {})).rejects.toMatchObject({ code: 'conflict' })
    await expect(access.reject(id, null)).rejects.toMatchObject({ code: 'conflict' })
    expect(moved.at(-1)).toBe('expired 1')
  })

  it('that was approved expires 72 hours later, and can be sent another link', async () => {
    const { house, access, mails, id, settled } = await aVerified()
    house.clock.move(71 * HOUR)
    await access.approve(id, {})
    await settled()
    const first = secretIn(mails.shift())
    house.clock.move(72 * HOUR)
    expect(await access.claim(first)).toEqual({ result: 'unknown' })
    expect((await access.get(id)).state).toBe('expired')
    await access.resend(id)
    await settled()
    expect(await access.claim(first)).toEqual({ result: 'unknown' })
    expect(await access.claim(secretIn(mails.shift()))).toMatchObject({ result: 'claimed' })
  })

  it('of an address that a user has is shown, and not approved', async () => {
    const { house, access, id } = await aVerified()
    await house.users.update('ada', { email: 'EVE@Example.com' })
    expect(await access.userWithAddressOf(await access.get(id))).toBe('ada')
    await expect(access.approve(id, {})).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('token create ada') as string,
    })
    expect((await access.get(id)).state).toBe('verified')
  })

  it('is given the plan and the id that the operator says', async () => {
    const { house, access, id } = await aVerified({ plan: 'free' })
    await expect(access.approve(id, {})).rejects.toMatchObject({ code: 'invalid_request', path: 'plan' })
    await house.store.plans.add(aPlan({ id: 'pro' }))
    await expect(access.approve(id, { plan: 'pro', user: 'ada' })).rejects.toMatchObject({ path: 'user' })
    const { request } = await access.approve(id, { plan: 'pro', user: 'eve', limits: { concurrency: 2 } })
    expect(request.userId).toBe('eve')
    expect(await house.users.get('eve')).toMatchObject({ plan: 'pro', limits: { concurrency: 2 } })
  })

  it('is approved once, however many approve it', async () => {
    const { house, access, id } = await aVerified()
    const approvals = await Promise.allSettled(Array.from({ length: 5 }, () => access.approve(id, {})))
    expect(approvals.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await house.store.users.list({ limit: 9 })).items).toHaveLength(2)
  })

  it('whose approval was cut short is approved with the same user', async () => {
    const house = await aHouse()
    let isCut = true
    const joined = async () => {
      if (isCut) throw new Error('killed')
    }
    const { access, ask } = accessOf(house, { hasMail: false, joined })
    const id = await ask(EVE)
    await expect(access.approve(id, {})).rejects.toThrow('killed')
    isCut = false
    const { request } = await access.approve(id, {})
    const { items } = await house.store.users.list({ limit: 9 })
    expect(items.map((user) => user.id)).toEqual(['ada', request.userId])
  })

  it('is mailed its link by the next process when one was killed before', async () => {
    const { house, access, mails, server, failures, id, settled } = await aVerified()
    server.refusal = new Error('no route')
    await access.approve(id, {})
    await settled()
    expect([mails, failures]).toEqual([[], ['a mail about access did not arrive: Error: no route']])
    const next = accessOf(house)
    house.clock.move(MINUTE)
    next.access.start()
    await next.settled()
    expect(await next.access.claim(secretIn(next.mails[0]))).toMatchObject({ result: 'claimed' })
    await next.access.close()
  })

  it('has its mail tried four times', async () => {
    const { house, access, server, failures, ask, settled } = await aDesk()
    access.start()
    server.refusal = new Error('no route')
    const id = await ask(EVE)
    for (const pause of [MINUTE, 10 * MINUTE, HOUR, HOUR]) {
      house.clock.move(pause)
      await settled()
    }
    expect(failures.map((line) => line.split(':')[0])).toEqual([
      ...Array.from({ length: 3 }, () => 'a mail about access did not arrive'),
      'a mail about access is lost',
    ])
    expect((await access.get(id)).mail).toBe('failed')
    await access.close()
  })

  it('of a suspended user gives no token, and does not use the link up', async () => {
    const { house, access, id } = await aVerified()
    const { request, link } = await access.approve(id, { isMailed: false })
    const secret = link?.split('#')[1] ?? ''
    const userId = request.userId ?? ''
    await house.users.update(userId, { status: 'suspended' })
    expect(await access.claim(secret)).toEqual({ result: 'unavailable' })
    await house.users.update(userId, { status: 'active' })
    expect(await access.claim(secret)).toMatchObject({ result: 'claimed' })
  })

  it('that is rejected is so for good', async () => {
    const { access, mails, id, settled } = await aVerified()
    expect(await access.reject(id, 'no reason')).toMatchObject({ state: 'rejected', reason: 'no reason' })
    await settled()
    await expect(access.approve(id, {})).rejects.toMatchObject({ code: 'conflict' })
    await expect(access.resend(id)).rejects.toMatchObject({ code: 'conflict' })
    expect(mails).toEqual([])
  })

  it('is erased 30 days after it was over', async () => {
    const { house, access, id, settled } = await aVerified()
    await access.reject(id, null)
    access.start()
    house.clock.move(30 * DAY - 1)
    await settled()
    expect((await access.get(id)).email).toBe(EVE)
    house.clock.move(1)
    await settled()
    await expect(access.get(id)).rejects.toMatchObject({ code: 'not_found' })
    await access.close()
  })

  it('leads nowhere while links do', async () => {
    const { access, ask } = await aDesk({ publicUrl: null })
    await expect(access.approve(await ask(EVE), {})).rejects.toMatchObject({ code: 'conflict' })
  })

  it.each(['', 'x', '0'.repeat(43), '0'.repeat(42), `${'0'.repeat(43)}\n`])(
    'knows no secret %j',
    async (secret) => {
      const { access } = await aVerified()
      expect([await access.verify(secret), await access.claim(secret)]).toEqual([
        'unknown',
        { result: 'unknown' },
      ])
    },
  )
})

describe('mails about access', () => {
  it('go to one box once an hour and three times a day, under whatever spelling', async () => {
    const { house, mails, ask } = await aDesk()
    const sent: number[] = []
    const spellings = [
      'eve@gmail.com',
      'e.v.e@gmail.com',
      'eve+1@gmail.com',
      'eve+2@googlemail.com',
      'eve+3@gmail.com',
    ]
    for (const spelling of spellings) {
      await ask(spelling)
      await ask(spelling)
      sent.push(mails.length)
      house.clock.move(HOUR)
    }
    expect(sent).toEqual([1, 2, 3, 3, 3])
    house.clock.move(DAY)
    await ask('eve@gmail.com')
    expect(mails).toHaveLength(4)
  })

  it('go to all boxes as often as the setting says within an hour', async () => {
    const house = await aHouse()
    const { mails, ask } = accessOf(house, { perHour: 3 })
    for (const n of [1, 2, 3]) await ask(`${n}@example.com`)
    // Another process, which knows nothing of what was asked before.
    const next = accessOf(house, { perHour: 3 })
    await next.ask('4@example.com')
    expect([mails.length, next.mails.length]).toEqual([3, 0])
    house.clock.move(HOUR)
    await next.ask('5@example.com')
    expect(next.mails).toHaveLength(1)
  })

  it('are asked for as often as the setting says within an hour, by whoever it is', async () => {
    const { house, access } = await aDesk({ perHour: 2 })
    access.submit({ email: '1@example.com', note: null })
    house.clock.move(10 * MINUTE)
    access.submit({ email: '2@example.com', note: null })
    const third = () => access.submit({ email: '1@example.com', note: null })
    expect(third).toThrow(expect.objectContaining({ code: 'overloaded', retryAfter: 3000 }))
    house.clock.move(50 * MINUTE)
    third()
    expect(third).toThrow(expect.objectContaining({ code: 'overloaded' }))
    await access.close()
    expect((await access.list({ limit: 9 })).items).toHaveLength(2)
  })

  it('are not sent again to an address that is proved', async () => {
    const { house, mails, id, ask } = await aVerified()
    house.clock.move(HOUR)
    expect(await ask(EVE)).toBe(id)
    expect(mails).toEqual([])
  })

  it('tell the operator of proved addresses every ten minutes at the most', async () => {
    const { house, access, mails, ask, settled } = await aDesk({ mailTo: 'ops@example.com' })
    access.start()
    const digests = () => mails.filter(({ to }) => to === 'ops@example.com')
    const prove = async (email: string) => {
      await ask(email, 'http://evil.example')
      await access.verify(secretIn(mails.find(({ to }) => to === email)))
      await settled()
    }
    await ask('unproved@example.com')
    expect(digests()).toEqual([])
    await prove('1@example.com')
    expect(digests()).toMatchObject([{ subject: 'minimax-gateway: 1 new request for access' }])
    await prove('2@example.com')
    await prove('3@example.com')
    expect(digests()).toHaveLength(1)
    house.clock.move(10 * MINUTE)
    await settled()
    expect(digests()[1]?.subject).toBe('minimax-gateway: 2 new requests for access')
    expect(
      digests()
        .map(({ text }) => text)
        .join(),
    ).not.toMatch(/evil|1@example/)
    await access.close()
  })
})
