import { describe, expect, it } from 'vitest'
import { detailOf, usedVoiceDetailOf, voicesList } from '../../src/tenancy/lists.ts'
import { AT, owned, parsed } from './lists-kit.ts'

const SUCCESS = { status_code: 0, status_msg: 'success' }
const SYSTEM = ['{"voice_id":"Wise_Woman","n":12345678901234567890}', '{ "voice_id" : "Odd (x)_Voice" }']

const clone = detailOf('voice.clone', Buffer.from('{"voice_id":"narrator"}'), Buffer.from('{}'), AT)
const design = detailOf(
  'voice.design',
  Buffer.from('{"prompt":"calm \\"and\\" deep"}'),
  Buffer.from('{}'),
  AT,
)
const voices = [
  owned('voice', 'uxxx_ttv-voice-1', {
    name: 'ttv-voice-1',
    operation: 'voice.design',
    detail: design,
    createdAt: AT + 86_400_000,
  }),
  owned('voice', 'uxxx_narrator', {
    name: 'narrator',
    operation: 'voice.clone',
    detail: usedVoiceDetailOf(clone),
  }),
  owned('voice', 'uxxx_narrator2', { name: 'narrator2', operation: 'voice.clone', detail: clone }),
]
const cloned = [{ voice_id: 'narrator', description: [], created_time: '2026-09-01' }]
const designed = [{ voice_id: 'ttv-voice-1', description: ['calm "and" deep'], created_time: '2026-09-02' }]
const system: readonly unknown[] = SYSTEM.map((entry): unknown => JSON.parse(entry))

describe('the list of voices', () => {
  it.each([
    ['system', { system_voice: system }],
    ['voice_cloning', { voice_cloning: cloned }],
    ['voice_generation', { voice_generation: designed }],
    ['all', { system_voice: system, voice_cloning: cloned, voice_generation: designed }],
  ])('has what voice_type asks for: %s', (type, expected) => {
    expect(parsed(voicesList(SYSTEM, voices, [], type))).toEqual({ ...expected, base_resp: SUCCESS })
  })

  it('says names of users, and none of MiniMax', () => {
    expect(voicesList(SYSTEM, voices, [], 'all').toString()).not.toContain('uxxx')
  })

  it('shows system voices byte for byte', () => {
    expect(voicesList(SYSTEM, [], [], 'system').toString()).toBe(
      `{"system_voice":[${SYSTEM.join(',')}],"base_resp":{"status_code":0,"status_msg":"success"}}`,
    )
  })

  it('shows voices that the operator shares among those of MiniMax, each once', () => {
    expect(
      parsed(voicesList(SYSTEM, [], ['Wise_Woman', 'our-house-voice', 'our-house-voice'], 'all')),
    ).toEqual({
      system_voice: [
        ...system,
        {
          voice_id: 'our-house-voice',
          description: [],
          voice_name: 'our-house-voice',
          created_time: '1970-01-01',
        },
      ],
      voice_cloning: [],
      voice_generation: [],
      base_resp: SUCCESS,
    })
  })

  it.each([undefined, '', 'ALL', 'cloning', 7, null])('refuses the voice_type %j', (type) => {
    expect(() => voicesList(SYSTEM, voices, [], type)).toThrow(
      expect.objectContaining({ code: 'invalid_request', path: 'voice_type' }),
    )
  })

  it.each(['', '{', '{"used":"true"}', '{"description":"x"}'])(
    'goes by the operation when the books hold %j',
    (detail) => {
      const objects = [
        owned('voice', 'a', { operation: 'voice.design', detail }),
        owned('voice', 'b', { operation: 'voice.clone', detail }),
      ]
      expect(parsed(voicesList([], objects, [], 'all'))).toMatchObject({
        voice_cloning: [],
        voice_generation: [{ voice_id: 'a', description: [] }],
      })
    },
  )
})

describe('a clone that has spoken', () => {
  it('is known as used, once', () => {
    const used = usedVoiceDetailOf(clone)
    expect(JSON.parse(used)).toEqual({ type: 'voice_cloning', description: [], used: true })
    expect(usedVoiceDetailOf(used)).toBe('')
    expect(usedVoiceDetailOf('')).toBe('')
  })
})

describe('what is kept of a designed voice', () => {
  it.each([
    ['{"prompt":"calm"}', ['calm']],
    ['{"prompt":""}', []],
    ['{}', []],
    ['{"prompt":7}', []],
    ['not JSON', []],
  ])('is the prompt as its description: %s', (body, description) => {
    expect(JSON.parse(detailOf('voice.design', Buffer.from(body), Buffer.from('{}'), AT))).toEqual({
      type: 'voice_generation',
      description,
      used: false,
    })
  })

  it('is cut where it is long', () => {
    const body = Buffer.from(JSON.stringify({ prompt: '😀'.repeat(5000) }))
    expect(detailOf('voice.design', body, Buffer.from('{}'), AT).length).toBeLessThan(2100)
  })
})
