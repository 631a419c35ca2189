import { describe, expect, it } from 'vitest'
import { estimate, meterOf, requestFacts, type Meter } from '../../src/minimax/meters.ts'

const send = (meter: Meter, message: unknown): void =>
  meter.pushFrame('client', Buffer.from(JSON.stringify(message)))
const answer = (meter: Meter, message: unknown): void =>
  meter.pushFrame('server', Buffer.from(JSON.stringify(message)))

const FINE = { status_code: 0, status_msg: 'success' }
const facts = requestFacts('speech.websocket', null)

function session(): Meter {
  const meter = meterOf('speech.websocket', {})
  answer(meter, { event: 'connected_success', base_resp: FINE })
  send(meter, { event: 'task_start', model: 'speech-2.8-hd' })
  answer(meter, { event: 'task_started', base_resp: FINE })
  return meter
}

const heard = (characters?: number | null, is_final = false, audio = 'ffff'): object => ({
  data: { audio },
  extra_info: characters === undefined ? null : { usage_characters: characters },
  is_final,
  base_resp: FINE,
})

describe('the meter of a speech WebSocket', () => {
  it('sums the final frame of each text, whether it names its event or not', () => {
    const meter = session()
    send(meter, { event: 'task_continue', text: 'hello' })
    answer(meter, heard())
    answer(meter, heard(5, true))
    send(meter, { event: 'task_continue', text: '你好' })
    answer(meter, { event: 'task_continued', ...heard(4, true) })
    answer(meter, { event: 'task_finished', base_resp: FINE })
    meter.end()
    expect(meter.reading).toMatchObject({
      usage: { characters: 9 },
      model: 'speech-2.8-hd',
      failure: undefined,
      isComplete: true,
      isReadable: true,
      hasEnded: true,
      delivered: { bytes: 6 },
    })
    expect(estimate(meter.reading, facts)).toEqual({ characters: 9 })
  })

  it('takes the last number of a text whose final frame has none', () => {
    const meter = session()
    answer(meter, heard(3))
    answer(meter, heard(7))
    answer(meter, heard(null, true))
    answer(meter, heard(2))
    answer(meter, { event: 'task_finished' })
    expect(meter.reading.usage).toEqual({ characters: 9 })
  })

  it('counts the fee of a voice', () => {
    const meter = session()
    answer(meter, { is_final: true, extra_info: { usage_characters: 5, usage_voice_count: 1 } })
    expect(meter.reading.usage).toEqual({ characters: 5, voices: 1 })
  })

  it('estimates texts that were cut or not answered by the whole of them', () => {
    const meter = session()
    send(meter, { event: 'task_continue', text: 'one' })
    send(meter, { event: 'task_continue', text: 'seven..' })
    send(meter, { event: 'task_continue', text: 'never spoken' })
    answer(meter, heard(3, true))
    expect(meter.reading.isComplete).toBe(false)
    expect(estimate(meter.reading, facts)).toEqual({ characters: 22 })
    answer(meter, heard(9))
    expect(estimate(meter.reading, facts)).toEqual({ characters: 24 })
    answer(meter, heard(9, true))
    answer(meter, heard(12, true))
    expect(meter.reading.isComplete).toBe(true)
  })

  it('does not estimate what was not answered when upstream says that all is over', () => {
    const meter = session()
    send(meter, { event: 'task_continue', text: 'never spoken' })
    answer(meter, { event: 'task_finished' })
    expect(estimate(meter.reading, facts)).toEqual({})
  })

  it('forgets texts that were cancelled once upstream says so, and none that came after', () => {
    const meter = session()
    send(meter, { event: 'task_continue', text: 'cancelled' })
    send(meter, { event: 'task_cancel' })
    send(meter, { event: 'task_continue', text: 'one' })
    expect(estimate(meter.reading, facts)).toEqual({ characters: 12 })
    answer(meter, { event: 'task_canceled', base_resp: FINE })
    expect(estimate(meter.reading, facts)).toEqual({ characters: 3 })
  })

  it('knows which text is answered when empty ones were passed over', () => {
    const meter = session()
    for (const text of ['', 'hello', '', 'world']) send(meter, { event: 'task_continue', text })
    answer(meter, heard(5, true))
    answer(meter, heard(5, true))
    expect(estimate(meter.reading, facts)).toEqual({ characters: 10 })
  })

  it('keeps the model that the first task_start named', () => {
    const meter = session()
    send(meter, { event: 'task_start', model: 'speech-2.8-turbo' })
    expect(meter.reading.model).toBe('speech-2.8-hd')
  })

  it('costs nothing when nothing was said', () => {
    const meter = session()
    answer(meter, { event: 'task_finished' })
    expect(meter.reading).toMatchObject({ usage: null, hasEnded: true })
    expect(estimate(meter.reading, facts)).toEqual({})
  })

  it.each([2201, 2202, 2205, 1004, 1008, 1039])(
    'reports task_failed with %i, and what was billed before',
    (code) => {
      const meter = session()
      answer(meter, heard(5, true))
      answer(meter, { event: 'task_failed', base_resp: { status_code: code, status_msg: 'x' } })
      expect(meter.reading).toMatchObject({ failure: { code }, usage: { characters: 5 } })
    },
  )

  it.each([2203, 2204])('goes on after a text that was skipped (%i)', (code) => {
    const meter = session()
    send(meter, { event: 'task_continue', text: '' })
    answer(meter, {
      event: 'task_continued',
      data: null,
      extra_info: null,
      is_final: true,
      base_resp: { status_code: code },
    })
    answer(meter, heard(5, true))
    expect(meter.reading).toMatchObject({ failure: undefined, usage: { characters: 5 } })
  })

  it('survives what is no message', () => {
    const meter = session()
    meter.pushFrame('server', Buffer.from('hello'))
    meter.pushFrame('client', Buffer.from([0xff, 0x00]))
    meter.pushFrame('client', Buffer.from('{"event":"task_continue","text":5}'))
    answer(meter, { is_final: true, extra_info: { usage_characters: -5 } })
    answer(meter, heard(5, true))
    expect(meter.reading).toMatchObject({ isReadable: false, usage: { characters: 5 } })
  })

  it('bounds what it remembers of texts that wait', () => {
    const meter = session()
    for (let count = 0; count < 5000; count++) send(meter, { event: 'task_continue', text: 'a' })
    for (let count = 0; count < 999; count++) answer(meter, heard(1, true))
    answer(meter, heard())
    expect(estimate(meter.reading, facts)).toEqual({ characters: 999 + 4001 })
  })
})
