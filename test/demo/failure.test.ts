import { describe, expect, it } from 'vitest'
import type { BookRow } from '../../emulator/demo/books.ts'
import { Caller } from '../../emulator/demo/caller.ts'
import { check } from '../../emulator/demo/media.ts'
import { report, take, type Taken } from '../../emulator/demo/run.ts'
import type { RequestLine } from '../../emulator/demo/gateway.ts'
import type { Step } from '../../emulator/demo/step.ts'

const line = (outcome: string): RequestLine => ({
  requestId: 'r1',
  operation: 'music.create',
  model: 'music-2.6',
  outcome,
  status: 200,
  durationMs: 1,
  bytesOut: 10,
})

const row = (changes: Partial<BookRow> = {}): BookRow => ({
  requestId: 'r1',
  operation: 'music.create',
  state: 'settled',
  usage: { songs: 1 },
  list: 150_000_000n,
  charged: 60_000_000n,
  currency: 'USD',
  ...changes,
})

const log = (...requests: RequestLine[]) => ({ requests, logged: () => Promise.resolve() })

const song = (run: Step['run']): Promise<Taken> =>
  take({ modality: 'music', about: 'a song', run }, new Caller('http://127.0.0.1:1', 'token'))

async function called(caller: Caller): Promise<string> {
  caller.requestIds.push('r1')
  return 'a tune'
}

describe('a demo in which something goes wrong', () => {
  it('says which modality failed, and why', async () => {
    const taken = await song(async () => {
      check(false, 'the MP3 ends in the middle of a frame')
      return ''
    })
    const { failures, table } = await report([taken], log(), [])
    expect(failures).toEqual(['music (a song) failed: the MP3 ends in the middle of a frame'])
    expect(table).toContain('FAILED')
  })

  it('believes the log of the gateway rather than the answer', async () => {
    const { failures } = await report([await song(called)], log(line('provider_error')), [row()])
    expect(failures).toEqual(['music (a song) failed: the outcome was provider_error'])
  })

  it('misses a request that the gateway did not log', async () => {
    const { failures } = await report([await song(called)], log(), [row()])
    expect(failures).toEqual(['music (a song) failed: the gateway logged no line for a request'])
  })

  it.each<[string, readonly BookRow[], string]>([
    ['a call that is not in the ledger', [], 'is not in the ledger'],
    ['a call of another request only', [row({ requestId: 'r2' })], 'is not in the ledger'],
    ['a row that is open', [row({ state: 'open' })], 'is open, not settled'],
    ['a task that goes on', [row({ state: 'pending', usage: {} })], 'is pending, not settled'],
    ['a billed call without usage', [row({ usage: {}, list: 0n })], 'is billed, but has no usage'],
    ['a billed call without a price', [row({ list: 0n })], 'is billed, but has no price'],
  ])('finds in the books %s', async (_name, rows, why) => {
    const { failures } = await report([await song(called)], log(line('ok')), rows)
    expect(failures).toEqual([`music (a song) failed: music.create ${why}`])
  })

  it('wants no usage of what is free, and no row of what the gateway answers itself', async () => {
    const free = { ...line('ok'), operation: 'files.upload', model: '' }
    const own = { ...line('ok'), operation: 'account.quota', model: '' }
    const { failures } = await report([await song(called)], log(free), [
      row({ operation: 'files.upload', usage: {}, list: 0n, charged: 0n }),
    ])
    expect(failures).toEqual([])
    expect(await report([await song(called)], log(own), [])).toMatchObject({ failures: [] })
  })

  it('has nothing to say when all went well', async () => {
    const { failures, table } = await report([await song(called)], log(line('ok')), [row()])
    expect(failures).toEqual([])
    expect(table).toMatch(/^music +music\.create +music-2\.6 +ok .* 1 song +\$0\.15 +\$0\.06 +a tune$/m)
  })
})
