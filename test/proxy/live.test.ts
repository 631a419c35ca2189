import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Call, type CallCaller } from '../../src/call.ts'
import type { RefusalCode } from '../../src/errors.ts'
import { LiveCalls, type CallerEnding, type LiveCall } from '../../src/proxy/live.ts'

const clock = {
  wall: 1_000_000,
  mono: 500,
  now: () => clock.wall,
  monotonic: () => clock.mono,
  pass(ms: number) {
    clock.wall += ms
    clock.mono += ms
  },
}

let live: LiveCalls

beforeEach(() => {
  live = new LiveCalls(clock)
})

afterEach(() => live.close())

function begin(
  more: Partial<
    Pick<LiveCall, 'deadline' | 'stalledSince'> & Pick<CallCaller, 'expiresAt' | 'kind' | 'endUser'>
  > = {},
): { ended: string[] } {
  const operation = { name: 'chat.native', modality: 'chat', dialect: 'native' } as const
  const call = new Call('r', operation, '127.0.0.1', clock, () => undefined)
  call.caller = {
    userId: 'alice',
    tokenId: 'token-1',
    kind: more.kind ?? 'server',
    sessionId: '',
    endUser: more.endUser ?? '',
    expiresAt: more.expiresAt ?? Infinity,
  }
  const ended: string[] = []
  const entry: LiveCall = {
    slot: -1,
    call,
    deadline: more.deadline ?? Infinity,
    deadlineCode: 'upstream_timeout',
    stalledSince: more.stalledSince ?? 0,
    abort: (code) => {
      ended.push(code)
      live.delete(entry)
    },
    drop: () => {
      ended.push('dropped')
      live.delete(entry)
    },
  }
  live.add(entry)
  return { ended }
}

describe('what is under way', () => {
  it.each([
    ['of a JWT that names nobody ends when its bearers are stopped', 'jwt', '', '*', ['end_user_suspended']],
    ['of a token goes on when the bearers of JWTs are stopped', 'server', '', '*', []],
    ['of an end user ends when they are stopped', 'session', 'eve', 'eve', ['end_user_suspended']],
    ['of an end user goes on when another is stopped', 'session', 'eve', 'adam', []],
  ] as const)('%s', (_, kind, endUser, stopped, expected) => {
    const { ended } = begin({ kind, endUser })
    live.end({ userId: 'alice', endUser: stopped, at: clock.now() })
    live.sweep()
    expect(ended).toEqual(expected)
  })

  it('goes on while nothing speaks against it', () => {
    const { ended } = begin()
    clock.pass(3_600_000)
    live.sweep()
    expect(ended).toEqual([])
  })

  it('is stopped at its deadline', () => {
    const { ended } = begin({ deadline: clock.mono + 100 })
    clock.pass(99)
    live.sweep()
    expect(ended).toEqual([])
    clock.pass(1)
    live.sweep()
    expect(ended).toEqual(['upstream_timeout'])
  })

  it('is dropped when its caller has taken nothing for a minute', () => {
    const { ended } = begin({ stalledSince: clock.mono })
    clock.pass(59_999)
    live.sweep()
    expect(ended).toEqual([])
    clock.pass(1)
    live.sweep()
    expect(ended).toEqual(['dropped'])
  })

  it('ends when its token expires', () => {
    const { ended } = begin({ expiresAt: clock.wall + 10 })
    clock.pass(10)
    live.sweep()
    expect(ended).toEqual(['token_expired'])
  })

  it.each<[string, Omit<CallerEnding, 'at'>, RefusalCode]>([
    ['its token is revoked', { tokenId: 'token-1' }, 'token_revoked'],
    ['its token is suspended', { tokenId: 'token-1', code: 'token_suspended' }, 'token_suspended'],
    ['its user is suspended', { userId: 'alice' }, 'user_suspended'],
  ])('ends when %s', (_name, who, code) => {
    const { ended } = begin()
    live.end({ ...who, at: clock.wall })
    live.sweep()
    expect(ended).toEqual([code])
  })

  it("does not end with another's token", () => {
    const { ended } = begin()
    live.end({ tokenId: 'token-2', userId: 'bob', at: clock.wall })
    live.sweep()
    expect(ended).toEqual([])
  })

  it('lives through the grace of a rotation, and no longer', () => {
    const { ended } = begin()
    live.end({ tokenId: 'token-1', at: clock.wall + 5_000 })
    live.sweep()
    expect(ended).toEqual([])
    clock.pass(5_000)
    live.sweep()
    expect(ended).toEqual(['token_revoked'])
  })

  it('ends also when it joined after the revocation but was let in before', () => {
    const early = new Call(
      'r',
      { name: 'x', modality: 'chat', dialect: 'native' },
      '',
      clock,
      () => undefined,
    )
    clock.pass(10)
    live.end({ tokenId: 'token-1', at: clock.wall })
    live.sweep()
    clock.pass(10)
    early.caller = {
      userId: 'alice',
      tokenId: 'token-1',
      kind: 'server',
      sessionId: '',
      endUser: '',
      expiresAt: Infinity,
    }
    const ended: string[] = []
    live.add({
      slot: -1,
      call: early,
      deadline: Infinity,
      deadlineCode: 'internal',
      stalledSince: 0,
      abort: (code) => void ended.push(code),
      drop: () => undefined,
    })
    live.sweep()
    expect(ended).toEqual(['token_revoked'])
  })

  it('of a user who is active again is left alone', () => {
    live.end({ userId: 'alice', at: clock.wall })
    clock.pass(1_000)
    const { ended } = begin()
    live.sweep()
    expect(ended).toEqual([])
  })

  it('tells when there is nothing left', async () => {
    const { ended } = begin()
    let isIdle = false
    const idle = live.idle().then(() => (isIdle = true))
    await Promise.resolve()
    expect(isIdle).toBe(false)
    live.abortAll('interrupted')
    await idle
    expect(ended).toEqual(['interrupted'])
    expect(live.size).toBe(0)
  })
})
