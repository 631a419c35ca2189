import { describe, expect, it, vi } from 'vitest'
import { startRetention } from '../../src/metering/retention.ts'
import { movableClock, START } from '../auth/helper.ts'

const KEEP = 1_000_000
const HOUR = 3_600_000

/** A retention whose timer is set off by hand. `prunes` are what the store answers in turn; then it answers 0. */
function aRetention(prunes: readonly (number | Error | Promise<number>)[] = [], keepMs = KEEP) {
  const answers = [...prunes]
  const clock = movableClock()
  const asked: number[] = []
  const expired: number[] = []
  const errors: unknown[] = []
  let waiting: { callback: () => void; milliseconds: number } | undefined
  const retention = startRetention({
    ledger: {
      async prune(before, expiredBefore) {
        asked.push(before)
        expired.push(expiredBefore)
        const answer = answers.shift() ?? 0
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    keepMs,
    clock,
    onError: (error) => errors.push(error),
    timer: (callback, milliseconds) => {
      waiting = { callback, milliseconds }
      return () => (waiting = undefined)
    },
  })

  /** Sets the timer off, after the time that it waits for. */
  function fire(): void {
    const { callback, milliseconds } = waiting ?? expect.fail('it does not wait')
    waiting = undefined
    clock.move(milliseconds)
    callback()
  }
  const waits = (): number | undefined => waiting?.milliseconds
  /** The same, and lets the pruning come to its end. */
  async function elapse(): Promise<void> {
    fire()
    await vi.waitFor(() => expect(waits()).toBeDefined())
  }
  return { asked, expired, errors, retention, waits, fire, elapse }
}

describe('retention', () => {
  it('prunes a minute after the start and then every hour, what is older than it keeps', async () => {
    const { asked, elapse, waits } = aRetention()
    expect([asked, waits()]).toEqual([[], 60_000])
    await elapse()
    expect([asked, waits()]).toEqual([[START + 60_000 - KEEP], HOUR])
    await elapse()
    expect([asked.at(-1), waits()]).toEqual([START + 60_000 + HOUR - KEEP, HOUR])
  })

  it('goes on in a second, by the same limit, while there is more', async () => {
    const { asked, elapse, waits } = aRetention([5000, 5000, 0])
    await elapse()
    expect(waits()).toBe(1000)
    await elapse()
    await elapse()
    expect(asked).toEqual(Array<number>(3).fill(START + 60_000 - KEEP))
    expect(waits()).toBe(HOUR)
  })

  it('tells of a failure and tries again an hour later', async () => {
    const fault = new Error('disk full')
    const { asked, errors, elapse, waits } = aRetention([fault])
    await elapse()
    expect([errors, waits()]).toEqual([[fault], HOUR])
    await elapse()
    expect(asked).toHaveLength(2)
  })

  it('of 0 keeps every row, and no object that has expired', async () => {
    const { asked, expired, elapse } = aRetention([], 0)
    await elapse()
    expect([asked, expired]).toEqual([[0], [START + 60_000 - 24 * HOUR]])
  })

  it('takes out objects that expired more than a day ago, by the same limit while there is more', async () => {
    const { expired, elapse } = aRetention([5000, 0])
    for (let step = 0; step < 3; step++) await elapse()
    const first = START + 60_000 - 24 * HOUR
    expect(expired).toEqual([first, first, first + HOUR + 1000])
  })

  it('waits no more when it is stopped', async () => {
    const { asked, waits, retention } = aRetention()
    await retention.stop()
    expect([waits(), asked]).toEqual([undefined, []])
  })

  it('has stopped only when the pruning that is under way has ended, and starts no other', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    const { retention, fire, waits } = aRetention([promise])
    fire()
    const order: string[] = []
    const stopped = retention.stop().then(() => order.push('stopped'))
    await new Promise((done) => setImmediate(done))
    order.push('pruned')
    resolve(7)
    await stopped
    expect([order, waits()]).toEqual([['pruned', 'stopped'], undefined])
  })

  it('is not what keeps the process alive', async () => {
    vi.useFakeTimers()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const retention = startRetention({
      ledger: { prune: async () => 0 },
      keepMs: KEEP,
      clock: movableClock(),
      onError: () => undefined,
    })
    const [timer] = timers.mock.results.map(({ value }) => value as NodeJS.Timeout)
    expect(timer?.hasRef()).toBe(false)
    await retention.stop()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})
