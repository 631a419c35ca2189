import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { VoiceNames } from '../../src/tenancy/voices.ts'

const names = new VoiceNames(Buffer.alloc(32, 7))
const isTaken = (name: string): boolean => name === 'Wise_Woman'

function refusal(name: string): GatewayError | undefined {
  try {
    names.checkName(name, isTaken)
    return undefined
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
}

describe('a new voice may be called', () => {
  it.each([
    'narrator',
    'N1234567',
    'my-voice_2',
    'a------b',
    'A_______9',
    `n${'o'.repeat(255)}`,
    'wise_woman',
    'universal_narrator',
  ])('%s', (name) => {
    expect(refusal(name)).toBeUndefined()
  })
})

describe('a new voice may not be called', () => {
  it.each([
    ['', 'nothing'],
    ['shorter', 'seven characters'],
    [`n${'o'.repeat(256)}`, '257 characters'],
    ['1narrator', 'a digit first'],
    ['_narrator', 'a line first'],
    ['narrator-', 'a dash last'],
    ['narrator_', 'a line last'],
    ['my narrator', 'a space inside'],
    ['narrator\n', 'a line break last'],
    ['narrator\u0000', 'a control character'],
    ['erzähler1', 'a letter with a mark'],
    ['n\u200barrator', 'a character that nobody sees'],
    ['Chinese (Mandarin)_Reliable_Executive', 'brackets'],
    ['narrator"}', 'a quote'],
    ['../narrator', 'dots'],
  ])('%j (%s)', (name) => {
    const error = refusal(name)
    expect(error?.code).toBe('invalid_request')
    expect(error?.path).toBe('voice_id')
    expect(error?.message).toMatch(/8 to 256 characters/)
  })

  it('as a voice that everybody can use', () => {
    expect(refusal('Wise_Woman')?.message).toMatch(/everybody/)
  })

  it.each(['narrator', 'n'.repeat(250)])('as the gateway calls a voice at MiniMax', (name) => {
    for (const userId of ['user-1', 'user-2']) {
      const error = refusal(names.upstreamOf(userId, name))
      expect(error?.code).toBe('invalid_request')
      expect(error?.message).toMatch(/form/)
    }
  })
})
