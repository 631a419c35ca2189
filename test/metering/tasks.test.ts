import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { factsOf, firstLook, longestRun, nextLook, taskOpeningOf } from '../../src/metering/tasks.ts'
import { requestFacts } from '../../src/minimax/meters.ts'
import { TASKS } from '../../src/minimax/tasks.ts'
import { OWN, START } from './task-kit.ts'

const OPERATIONS = Object.keys(TASKS)
const ORIGIN = {
  requestId: 'r1',
  userId: 'ada',
  tokenId: 't1',
  operation: 'video.create',
  model: 'MiniMax-Hailuo-02',
  upstreamKey: 'main',
}

describe('what is written down of a task', () => {
  const request = Buffer.from(
    '{"model":"MiniMax-Hailuo-02","prompt":"a cat","duration":10,"resolution":"512p"}',
  )
  const facts = requestFacts('video.create', request)

  it('is whose it is, what it will cost, and when it is looked at', () => {
    const answer = Buffer.from('{"task_id":"9223372036854770001","base_resp":{"status_code":0}}')
    expect(taskOpeningOf(ORIGIN, facts, OWN, answer, START)).toEqual({
      ...ORIGIN,
      taskId: '9223372036854770001',
      bill: OWN,
      facts: JSON.stringify(facts),
      createdAt: START,
      nextPollAt: START + 15_000,
    })
  })

  it.each([
    ['names no task', 'video.create', '{"base_resp":{"status_code":0}}'],
    ['tells of a failure', 'video.create', '{"task_id":"1","base_resp":{"status_code":1026}}'],
    ['is of an operation without tasks', 'image.create', '{"task_id":"1"}'],
  ])('is nothing when the answer %s', (_what, operation, answer) => {
    expect(taskOpeningOf({ ...ORIGIN, operation }, facts, OWN, Buffer.from(answer), START)).toBeUndefined()
  })

  it('holds the facts of the request as they were', () => {
    const requests = [
      '{"model":"MiniMax-H3","content":[{"type":"text","text":"x"},{"type":"image_url"}],"resolution":"2K","duration":5}',
      '{"template_id":"393769180141805569","media_inputs":[{"value":"x"}]}',
      '{"model":"speech-2.8-hd","text":"hello 你好","voice_setting":{"voice_id":"mine00001"}}',
      '{}',
    ]
    for (const operation of OPERATIONS) {
      for (const text of requests) {
        const read = requestFacts(operation, Buffer.from(text))
        expect(factsOf(JSON.stringify(read))).toEqual(read)
      }
    }
  })

  it.each(['', 'null', '[]', '7', '{}', '{"operation":7}', '{"operation":"video.create"'])(
    'holds no facts in %j',
    (text) => expect(factsOf(text)).toBeUndefined(),
  )

  it('holds no facts that are none', () => {
    const kept =
      '{"operation":"video.create","usage":{"videos":"1","toys":3,"images":2},"duration":"6","model":7}'
    expect(factsOf(kept)).toEqual({ ...requestFacts('video.create', null), usage: { images: 2 } })
  })
})

describe('the time between two looks', () => {
  it('grows by half each time, up to a minute', () => {
    const pauses = [0, 1, 2, 3, 4, 5].map((polls) => nextLook('video.create', polls, 0))
    expect(pauses).toEqual([15_000, 22_500, 33_750, 50_625, 60_000, 60_000])
    expect([0, 1, 2, 3].map((polls) => nextLook('speech.async.create', polls, 0))).toEqual([
      5000, 7500, 11_250, 16_875,
    ])
  })

  it('is always a whole number between four fifths of that and that', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...OPERATIONS),
        fc.nat({ max: 1_000_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (operation, polls, random) => {
          const pause = nextLook(operation, polls, random)
          const longest = nextLook(operation, polls, 0)
          expect(Number.isInteger(pause)).toBe(true)
          expect(pause).toBeGreaterThanOrEqual(Math.floor(longest * 0.8))
          expect(pause).toBeLessThanOrEqual(Math.min(60_000, longest))
        },
      ),
    )
  })

  it('suits what is made', () => {
    expect(
      OPERATIONS.map((operation) => [operation, firstLook(operation) / 1000, longestRun(operation) / 3.6e6]),
    ).toEqual([
      ['video.create', 15, 24],
      ['video.template.create', 15, 24],
      ['video.v2.create', 15, 24],
      ['video.v2.regenerate', 15, 24],
      ['video.v2.context_ir', 15, 24],
      ['speech.async.create', 5, 9],
    ])
  })
})
