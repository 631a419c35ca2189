import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Claim } from '../../src/idempotency/claim.ts'
import { createReplays, type Replays } from '../../src/idempotency/replays.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { aScope } from '../contract/idempotency.ts'

const RAN = { isWhole: true, isStream: false, mayHaveRun: true }
const BODY = Buffer.from('{"made":1}')

describe('requests with a key', () => {
  let store: Store
  let now: number
  let errors: unknown[]
  const clock = { now: () => now }

  beforeEach(async () => {
    store = await openSqliteStore({ path: ':memory:' })
    now = 1_000_000
    errors = []
  })
  afterEach(() => store.close())

  function replays(more: Partial<Parameters<typeof createReplays>[0]> = {}): Replays {
    return createReplays({
      store: store.idempotency,
      clock,
      ownerId: 'process-1',
      retentionMs: 60_000,
      maxAnswer: 1000,
      onError: (error) => errors.push(error),
      ...more,
    })
  }

  let requests = 0
  const begin = (of: Replays, body = 'body-1') => of.begin(aScope(), body, `r${++requests}`)

  async function claimed(of: Replays): Promise<Claim> {
    const beginning = await begin(of)
    if (beginning.kind !== 'claimed') throw new Error('the key is taken')
    return beginning.claim
  }

  const ended = (claim: Claim, ending: Parameters<Claim['end']>[0]) =>
    new Promise<void>((resolve) => claim.end(ending, resolve))

  const released = (claim: Claim) => new Promise<void>((resolve) => claim.release(resolve))

  it('are carried out once, however many come at the same time', async () => {
    const of = replays()
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => begin(of)))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const one of all)
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ code: 'idempotency_running', status: 409, retryAfter: 1 })
  })

  it('get the answer again, byte for byte, once it is there', async () => {
    const of = replays()
    const claim = await claimed(of)
    claim.begin(201, 'text/plain')
    claim.take(BODY.subarray(0, 4))
    claim.take(BODY.subarray(4))
    await ended(claim, RAN)
    const again = await begin(of)
    expect(again).toMatchObject({
      kind: 'replay',
      answer: { status: 201, contentType: 'text/plain', body: BODY },
    })
  })

  it('with another body are refused, whatever became of the first', async () => {
    const of = replays()
    const mismatch = { code: 'idempotency_mismatch', status: 422 }
    const claim = await claimed(of)
    await expect(begin(of, 'body-2')).rejects.toMatchObject(mismatch)
    claim.begin(200, '')
    await ended(claim, RAN)
    await expect(begin(of, 'body-2')).rejects.toMatchObject(mismatch)
  })

  it.each([
    ['never left', { isWhole: false, isStream: false, mayHaveRun: false }, null],
    ['was refused in full by upstream, which did not take it on', { ...RAN, mayHaveRun: false }, null],
    [
      'left, and nothing was heard',
      { isWhole: false, isStream: false, mayHaveRun: true },
      'idempotency_unknown',
    ],
    ['was a stream', { ...RAN, isStream: true }, 'idempotency_unrepeatable'],
    [
      'was a stream that broke off',
      { isWhole: false, isStream: true, mayHaveRun: true },
      'idempotency_unrepeatable',
    ],
  ] as const)('whose call %s', async (_, ending, code) => {
    const of = replays()
    await ended(await claimed(of), ending)
    if (code === null) expect(await begin(of)).toMatchObject({ kind: 'claimed' })
    else await expect(begin(of)).rejects.toMatchObject({ code, status: 409 })
  })

  it('are free again when the call was refused before it was sent', async () => {
    const of = replays()
    await released(await claimed(of))
    expect(await begin(of)).toMatchObject({ kind: 'claimed' })
  })

  it.each([
    [1000, 'replay'],
    [1001, 'idempotency_unrepeatable'],
  ])('keep an answer of %i bytes: %s', async (size, expected) => {
    const of = replays()
    const claim = await claimed(of)
    claim.begin(200, 'audio/mpeg')
    for (let at = 0; at < size; at++) claim.take(Buffer.from('x'))
    await ended(claim, RAN)
    const again = await begin(of).then(
      ({ kind }) => kind,
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    )
    expect(again).toBe(expected)
  })

  it('take no more memory together than they may, and give it back', async () => {
    const of = replays({ maxCollected: 1500 })
    const fill = async (key: string) => {
      const scope = aScope({ key })
      const beginning = await of.begin(scope, 'body-1', key)
      if (beginning.kind !== 'claimed') throw new Error('the key is taken')
      beginning.claim.begin(200, '')
      beginning.claim.take(Buffer.alloc(900))
      return { scope, claim: beginning.claim }
    }
    const first = await fill('a')
    const second = await fill('b')
    await ended(first.claim, RAN)
    await ended(second.claim, RAN)
    const third = await fill('c')
    await ended(third.claim, RAN)
    await expect(of.begin(second.scope, 'body-1', 'x')).rejects.toMatchObject({
      code: 'idempotency_unrepeatable',
    })
    expect(await of.begin(first.scope, 'body-1', 'y')).toMatchObject({ kind: 'replay' })
    expect(await of.begin(third.scope, 'body-1', 'z')).toMatchObject({ kind: 'replay' })
  })

  it('of a process that died are refused, since nobody knows what became of them', async () => {
    await begin(replays({ ownerId: 'dead' }))
    await expect(begin(replays())).rejects.toMatchObject({ code: 'idempotency_unknown', status: 409 })
  })

  it('are new when the answer has expired, and not before', async () => {
    const of = replays()
    const claim = await claimed(of)
    now += 3_600_000
    await expect(begin(of)).rejects.toMatchObject({ code: 'idempotency_running' })
    claim.begin(200, '')
    await ended(claim, RAN)
    now += 59_999
    expect(await begin(of)).toMatchObject({ kind: 'replay' })
    now += 1
    expect(await begin(of)).toMatchObject({ kind: 'claimed' })
  })

  it('are refused while the store cannot take a claim', async () => {
    const broken = { ...store.idempotency, claim: () => Promise.reject(new Error('no disk')) }
    const of = replays({ store: broken })
    await expect(begin(of)).rejects.toMatchObject({ code: 'store_unavailable', status: 503 })
  })

  it.each(['complete', 'release'] as const)(
    'are answered when the store fails to %s, and not sent again',
    async (method) => {
      const broken = { ...store.idempotency, [method]: () => Promise.reject(new Error('no disk')) }
      const of = replays({ store: broken })
      const claim = await claimed(of)
      claim.begin(200, '')
      await (method === 'complete' ? ended(claim, RAN) : released(claim))
      expect(errors).toEqual([new Error('no disk')])
      await expect(begin(of)).rejects.toMatchObject({ code: 'idempotency_unknown' })
    },
  )

  it('tell once what became of their call', async () => {
    const of = replays()
    const claim = await claimed(of)
    claim.begin(200, '')
    await Promise.all([released(claim), ended(claim, RAN)])
    expect(await begin(of)).toMatchObject({ kind: 'claimed' })
    expect(errors).toEqual([])
  })
})
