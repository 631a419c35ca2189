import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SYSTEM_VOICES } from '../../src/minimax/system-voices.ts'
import { SystemVoices } from '../../src/tenancy/system-voices.ts'

const MINUTE = 60_000
const answer = (...voices: string[]): Buffer =>
  Buffer.from(`{ "system_voice": [ ${voices.join(' , ')} ], "base_resp": { "status_code": 0 } }`)
const voice = (name: string): string => `{ "created_time":"1970-01-01", "voice_id": ${JSON.stringify(name)} }`

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => vi.useRealTimers())

/** MiniMax's answers, one for each time that it is asked; the last one holds. */
function open(...answers: (Buffer | Error)[]) {
  let now = 5_000
  const warned: unknown[] = []
  const fetch = vi.fn(async () => {
    const next = answers[Math.min(fetch.mock.calls.length, answers.length) - 1]
    if (next === undefined || next instanceof Error) throw next ?? new Error('no answer')
    return next
  })
  const voices = new SystemVoices({
    fetch,
    clock: { monotonic: () => now },
    log: { warn: (fields: unknown) => void warned.push(fields) },
  })
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= MINUTE) {
      now += Math.min(left, MINUTE)
      await vi.advanceTimersByTimeAsync(Math.min(left, MINUTE))
    }
  }
  return { voices, fetch, warned, pass }
}

describe('before MiniMax has said which voices there are', () => {
  it('those that are documented are known', () => {
    const { voices, fetch } = open(new Error('down'))
    for (const name of SYSTEM_VOICES) expect(voices.has(name)).toBe(true)
    expect(voices.entries().map((entry): unknown => JSON.parse(entry))).toContainEqual({
      voice_id: 'Chinese (Mandarin)_Reliable_Executive',
      voice_name: 'Chinese (Mandarin)_Reliable_Executive',
      description: [],
      created_time: '1970-01-01',
    })
    expect(fetch).not.toHaveBeenCalled()
  })

  it('they stay known while asking fails', async () => {
    const { voices, warned } = open(new Error('down'))
    await voices.start()
    expect(voices.has('male-qn-qingse')).toBe(true)
    expect(warned).toHaveLength(1)
    voices.close()
  })

  it('a name that is not known waits for the answer', async () => {
    const { voices, fetch } = open(answer(voice('Newest (2026)_Voice')))
    const started = voices.start()
    const found = Promise.all([voices.has('Newest (2026)_Voice'), voices.has('nobody-1')])
    expect(await found).toEqual([true, false])
    await started
    expect(fetch).toHaveBeenCalledTimes(1)
    voices.close()
  })
})

describe('the list of MiniMax', () => {
  it('takes the place of the documented one, byte for byte', async () => {
    const odd = '{"voice_id" :"Odd","n":12345678901234567890,"t":"\\u0041 ] , }"}'
    const { voices } = open(answer(voice('Wise_Woman'), odd))
    await voices.start()
    expect(voices.entries()).toEqual([voice('Wise_Woman'), odd])
    expect(voices.has('Odd')).toBe(true)
    expect(voices.has('male-qn-qingse')).toBe(false)
    voices.close()
  })

  it('is read again every hour', async () => {
    const { voices, fetch, pass } = open(answer(voice('First')), answer(voice('Second')))
    await voices.start()
    await pass(59 * MINUTE)
    expect(fetch).toHaveBeenCalledTimes(1)
    expect(voices.has('First')).toBe(true)
    await pass(MINUTE)
    expect(fetch).toHaveBeenCalledTimes(2)
    expect(voices.has('Second')).toBe(true)
    await pass(60 * MINUTE)
    expect(fetch).toHaveBeenCalledTimes(3)
    voices.close()
  })

  it.each([
    ['an error', new Error('down')],
    ['a failure in its own words', Buffer.from('{"base_resp":{"status_code":1004,"status_msg":"login"}}')],
    [
      'a failure beside a list',
      Buffer.from('{"system_voice":[{"voice_id":"x"}],"base_resp":{"status_code":1}}'),
    ],
    ['no JSON', Buffer.from('<html>')],
    ['JSON that is cut off', answer(voice('Cut')).subarray(0, 40)],
    ['no list', Buffer.from('{"system_voice":null,"base_resp":{"status_code":0}}')],
    ['an empty list', answer()],
    [
      'a list of nothing that is a voice',
      answer('1', '"x"', 'null', '{}', '{"voice_id":7}', '{"voice_id":""}'),
    ],
  ])('stays as it was when the next answer is %s, and is asked for every minute', async (_what, wrong) => {
    const { voices, fetch, warned, pass } = open(answer(voice('First')), wrong)
    await voices.start()
    await pass(60 * MINUTE)
    expect(voices.entries()).toEqual([voice('First')])
    await pass(2 * MINUTE)
    expect(fetch).toHaveBeenCalledTimes(4)
    expect(warned).toHaveLength(3)
    voices.close()
  })
})

describe('a name that is not on the list', () => {
  it('makes MiniMax be asked at most once a minute', async () => {
    const { voices, fetch, pass } = open(answer(voice('First')), answer(voice('First'), voice('Second')))
    await voices.start()
    expect(voices.has('Second')).toBe(false)
    await pass(MINUTE - 1)
    expect(voices.has('Second')).toBe(false)
    await pass(1)
    expect(await voices.has('Second')).toBe(true)
    expect(voices.has('Third')).toBe(false)
    expect(fetch).toHaveBeenCalledTimes(2)
    voices.close()
  })

  it('makes MiniMax be asked once, however many name it', async () => {
    const { voices, fetch } = open(answer(voice('First')))
    const found = await Promise.all(Array.from({ length: 50 }, async (_, at) => voices.has(`name-${at}`)))
    expect(found).toEqual(Array.from({ length: 50 }, () => false))
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it('can be looked at without asking', async () => {
    const { voices, fetch } = open(answer(voice('First')))
    expect(voices.knows('First')).toBe(false)
    expect(fetch).not.toHaveBeenCalled()
    await voices.start()
    expect(voices.knows('First')).toBe(true)
    voices.close()
  })

  it('is not known when asking fails, and nobody rejects', async () => {
    const { voices } = open(new Error('down'))
    await expect(voices.has('nobody-1')).resolves.toBe(false)
  })
})

describe('being ready', () => {
  it('is to have the list, which is asked for once and then kept fresh', async () => {
    const { voices, fetch, pass } = open(answer(voice('First')))
    await Promise.all([voices.ready(), voices.ready()])
    expect(voices.knows('First')).toBe(true)
    await voices.ready()
    expect(fetch).toHaveBeenCalledTimes(1)
    await pass(60 * MINUTE)
    expect(fetch).toHaveBeenCalledTimes(2)
    voices.close()
  })

  it('does not wait for what has just failed, and tries again after a minute', async () => {
    const { voices, fetch, pass } = open(new Error('down'), answer(voice('First')))
    await voices.ready()
    await voices.ready()
    expect(fetch).toHaveBeenCalledTimes(1)
    await pass(MINUTE)
    await voices.ready()
    expect(voices.knows('First')).toBe(true)
    expect(fetch).toHaveBeenCalledTimes(2)
    voices.close()
  })
})

describe('once it is closed', () => {
  it('it asks no more, and knows what it knew', async () => {
    const { voices, fetch, pass } = open(answer(voice('First')))
    await voices.start()
    voices.close()
    await pass(120 * MINUTE)
    expect(voices.has('Second')).toBe(false)
    expect(voices.has('First')).toBe(true)
    await voices.start()
    expect(vi.getTimerCount()).toBe(0)
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it('it takes no answer that comes later', async () => {
    const { voices } = open(answer(voice('First')))
    const started = voices.start()
    voices.close()
    await started
    expect(voices.has('First')).toBe(false)
  })
})
