import { beforeEach, describe, expect, it } from 'vitest'
import { identityFrom } from '../../src/auth/effective.ts'
import { Gate } from '../../src/auth/end-user-gate.ts'
import { EndUsers } from '../../src/auth/end-users.ts'
import { UNNAMED } from '../../src/call.ts'
import type { Ending, Identity } from '../../src/auth/identity.ts'
import type { Limits, Store } from '../../src/store/store.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { aToken, aUser } from '../contract/store.ts'

function anIdentity(endUser: string, endUserLimits: Limits | null = null, createdAt = 1000): Identity {
  const identity = identityFrom(aToken(), aUser({ endUserLimits, createdAt }), null)
  return Object.freeze({ ...identity, kind: 'session' as const, sessionId: 's1', endUser })
}

describe('an end user', () => {
  let store: Store
  let endUsers: EndUsers
  let endings: Ending[]
  const clock = { now: () => 5000 }
  const open = () => EndUsers.open({ store: store.endUsers, clock, ended: (one) => void endings.push(one) })
  beforeEach(async () => {
    endings = []
    store = await openSqliteStore({ path: ':memory:' })
    await store.users.add(aUser())
    endUsers = await open()
    return () => store.close()
  })

  it('whom nothing limits is let in as they are', () => {
    const identity = anIdentity('eve')
    expect(endUsers.admit(identity)).toBe(identity)
  })

  it('counts beside the user and the token, where limits of end users are set', () => {
    const { limited } = endUsers.admit(anIdentity('e/v', { concurrency: 2 }))
    expect(limited).toEqual([{ kind: 'end_user', id: 'ada/e/v', since: 1000, limits: { concurrency: 2 } }])
  })

  it('who is suspended is refused, alone, and what goes on in their name ends', async () => {
    const { version } = endUsers
    await endUsers.suspend('ada', 'eve', 'inc_1')
    expect(() => endUsers.admit(anIdentity('eve'))).toThrow(
      expect.objectContaining({ code: 'end_user_suspended' }),
    )
    expect(endUsers.admit(anIdentity('adam')).endUser).toBe('adam')
    expect(endings).toEqual([{ userId: 'ada', endUser: 'eve', at: 5000 }])
    expect(endUsers.version).toBeGreaterThan(version)
  })

  it('stays suspended after a restart, until they are let in again', async () => {
    await endUsers.suspend('ada', 'eve', null)
    endUsers = await open()
    expect(() => endUsers.admit(anIdentity('eve'))).toThrow('suspended')
    expect(await endUsers.reinstate('ada', 'eve')).toBe(true)
    expect(endUsers.admit(anIdentity('eve')).endUser).toBe('eve')
    expect(await endUsers.reinstate('ada', 'eve')).toBe(false)
  })

  it('that a JWT does not name is stopped as the bearer of such, and nobody who is named or has a token', async () => {
    const jwt = (endUser: string): Identity => Object.freeze({ ...anIdentity(endUser), kind: 'jwt' as const })
    const gate = new Gate(endUsers)
    await endUsers.suspend('ada', UNNAMED, 'inc_1')
    expect(() => gate.admit(jwt(''))).toThrow(expect.objectContaining({ code: 'end_user_suspended' }))
    expect(gate.admit(jwt('eve')).endUser).toBe('eve')
    expect(gate.admit(anIdentity('')).endUser).toBe('')
    await endUsers.reinstate('ada', UNNAMED)
    endUsers.throttle('ada', UNNAMED, 7)
    expect(gate.admit(jwt('')).limited).toMatchObject([{ id: 'ada/*', limits: { requestsPerMinute: 7 } }])
    expect(gate.admit(anIdentity('')).limited).toEqual([])
  })

  it('of somebody who has the id of a deleted user is somebody else', async () => {
    await endUsers.suspend('ada', 'eve', null)
    expect(endUsers.admit(anIdentity('eve', null, 6000)).endUser).toBe('eve')
  })

  it.each([
    [undefined, 7],
    [5, 5],
    [100, 7],
  ])('who is slowed down, with a limit of %s, may make %s requests a minute', (limit, expected) => {
    endUsers.throttle('ada', 'eve', 7)
    const own = limit === undefined ? null : { requestsPerMinute: limit }
    const [subject] = endUsers.admit(anIdentity('eve', own)).limited
    expect(subject?.limits.requestsPerMinute).toBe(expected)
    endUsers.throttle('ada', 'eve', null)
    expect(endUsers.admit(anIdentity('eve')).limited).toEqual([])
    expect(() => endUsers.throttle('ada', 'eve', 0)).toThrow(RangeError)
  })

  it('of nobody cannot be suspended, nor one more than there is room for', async () => {
    await expect(endUsers.suspend('nobody', 'eve', null)).rejects.toMatchObject({ code: 'not_found' })
    const few = await EndUsers.open({
      store: store.endUsers,
      clock,
      ended: () => undefined,
      maxSuspended: 1,
    })
    await few.suspend('ada', 'eve', null)
    await few.suspend('ada', 'eve', null)
    await expect(few.suspend('ada', 'bob', null)).rejects.toMatchObject({ code: 'conflict' })
  })
})
