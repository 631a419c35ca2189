import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { Ledger } from '../../src/metering/ledger.ts'
import type { LedgerChange } from '../../src/store/store.ts'

const unavailable = (): GatewayError => new GatewayError('store_unavailable')

function opening(requestId: string): LedgerChange {
  return {
    kind: 'open',
    opening: {
      requestId,
      at: 1,
      userId: 'ada',
      tokenId: 't',
      sessionId: '',
      endUser: '',
      operation: 'chat.native',
      modality: 'chat',
      model: 'm',
      currency: 'USD',
      multiplier: '1',
    },
  }
}

function polled(taskId: string): LedgerChange {
  return { kind: 'poll', taskId, upstreamKey: 'k', polls: 1, nextPollAt: 2 }
}

const nameOf = (change: LedgerChange): string =>
  change.kind === 'open' ? change.opening.requestId : 'taskId' in change ? change.taskId : change.kind

/** A store whose transactions the test ends by hand. */
class Store {
  readonly batches: string[][] = []
  readonly #ends: ((error?: Error) => void)[] = []

  write(changes: readonly LedgerChange[]): Promise<readonly boolean[]> {
    this.batches.push(changes.map(nameOf))
    return new Promise((resolve, reject) => {
      this.#ends.push((error) => (error === undefined ? resolve(changes.map(() => true)) : reject(error)))
    })
  }

  async end(error?: Error): Promise<void> {
    const end = this.#ends.shift()
    if (end === undefined) throw new Error('no transaction is under way')
    end(error)
    await vi.advanceTimersByTimeAsync(0)
  }
}

describe('the ledger', () => {
  let store: Store
  let ledger: Ledger
  let now = 0
  const told: string[] = []
  const events: string[] = []

  beforeEach(() => {
    vi.useFakeTimers()
    told.length = 0
    events.length = 0
    now = 0
    store = new Store()
    ledger = new Ledger(
      store,
      { now: () => now, monotonic: () => now },
      {
        committed: (_ms, changes) => events.push(`committed ${changes}`),
        failing: () => events.push('failing'),
        recovered: () => events.push('recovered'),
        lost: (change) => events.push(`lost ${nameOf(change)}`),
      },
    )
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const write = (change: LedgerChange): void =>
    ledger.write(change, (error, applied) =>
      told.push(`${nameOf(change)} ${error === null ? (applied ? 'written' : 'let go') : error.code}`),
    )
  const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

  it('writes all changes of one turn in one transaction, in their order', async () => {
    for (const id of ['a', 'b', 'c']) write(opening(id))
    await turn()
    expect(store.batches).toEqual([['a', 'b', 'c']])
    expect(told).toEqual([])
    await store.end()
    expect(told).toEqual(['a written', 'b written', 'c written'])
  })

  it('gathers what comes while a transaction is under way for the next one', async () => {
    write(opening('a'))
    await turn()
    write(opening('b'))
    await turn()
    write(opening('c'))
    await turn()
    expect(store.batches).toEqual([['a']])
    await store.end()
    expect(store.batches).toEqual([['a'], ['b', 'c']])
  })

  it('refuses new calls when the store takes no writes, and keeps all else until it does', async () => {
    write(opening('a'))
    write(polled('p'))
    await turn()
    await store.end(unavailable())
    expect(told).toEqual(['a store_unavailable'])
    write(opening('b'))
    expect(told).toEqual(['a store_unavailable', 'b store_unavailable'])
    expect(events).toEqual(['failing'])

    await vi.advanceTimersByTimeAsync(250)
    expect(store.batches.at(-1)).toEqual(['p'])
    await store.end()
    expect(told.at(-1)).toBe('p written')
    expect(events).toEqual(['failing', 'committed 1', 'recovered'])
    write(opening('c'))
    await turn()
    expect(store.batches.at(-1)).toEqual(['c'])
  })

  it('lets a caller go after five seconds, and writes the change nevertheless when it can', async () => {
    write(polled('p'))
    await turn()
    await store.end(unavailable())
    now = 5_000
    await vi.advanceTimersByTimeAsync(250)
    expect(told).toEqual(['p let go'])
    await store.end(unavailable())
    await vi.advanceTimersByTimeAsync(250)
    await store.end()
    expect(told).toEqual(['p let go'])
    expect(ledger.waiting).toBe(0)
    expect(store.batches.at(-1)).toEqual(['p'])
  })

  it('tries again with the next call when nothing was kept', async () => {
    write(opening('a'))
    await turn()
    await store.end(unavailable())
    await vi.advanceTimersByTimeAsync(250)
    write(opening('b'))
    await turn()
    await store.end()
    expect(told).toEqual(['a store_unavailable', 'b written'])
  })

  it('gives up the one change that the store can never take, and not the others with it', async () => {
    write(polled('good'))
    write(polled('bad'))
    write(polled('last'))
    await turn()
    await store.end(new TypeError('a NaN cannot be stored'))
    await store.end()
    await store.end(new TypeError('a NaN cannot be stored'))
    await store.end()
    expect(told).toEqual(['good written', 'bad internal', 'last written'])
    expect(events).toContain('lost bad')
    expect(ledger.isFailing).toBe(false)
  })

  it('is flushed when what waited then is written and told, whatever has come since', async () => {
    const passed: string[] = []
    ledger.write(polled('a'), () => void passed.push('a'))
    await vi.advanceTimersByTimeAsync(0)
    ledger.write(polled('b'), () => void passed.push('b'))
    void ledger.flushed().then(() => passed.push('flushed'))
    await store.end()
    ledger.write(polled('c'), () => void passed.push('c'))
    expect(passed).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(0)
    await store.end()
    expect(passed.slice(0, 2)).toEqual(['a', 'b'])
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toContain('flushed')
  })

  it('is flushed at once when nothing waits', async () => {
    await expect(ledger.flushed()).resolves.toBeUndefined()
  })

  it('is flushed only when what was kept through an outage is written', async () => {
    const passed: string[] = []
    ledger.write(polled('a'), null)
    ledger.write(opening('refused'), () => undefined)
    void ledger.flushed().then(() => passed.push('flushed'))
    await vi.advanceTimersByTimeAsync(0)
    await store.end(unavailable())
    expect(passed).toEqual([])
    await vi.advanceTimersByTimeAsync(250)
    await store.end()
    expect(passed).toEqual(['flushed'])
  })

  it('is closed when all is on disk', async () => {
    write(polled('p'))
    const closed = ledger.close(1_000)
    await turn()
    await store.end()
    expect(await closed).toBe(0)
  })

  it('is closed after its grace when the store takes nothing, and says what is left', async () => {
    write(polled('p'))
    const closed = ledger.close(1_000)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await closed).toBe(1)
  })
})
