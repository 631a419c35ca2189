import { describe, expect, it } from 'vitest'
import { OUTCOMES, type Outcome } from '../../src/errors.ts'
import { consumptionOf } from '../../src/metering/consumption.ts'
import { requestFacts, type Billing, type Reading } from '../../src/minimax/meters.ts'

const FACTS = requestFacts(
  'chat.openai',
  Buffer.from(
    '{"model":"MiniMax-M2","messages":[{"role":"user","content":"Tell me a story."}],"stream":true}',
  ),
)

const TOKENS = { input_tokens: 40, output_tokens: 7 }

function reading(more: Partial<Reading> = {}): Reading {
  return {
    usage: null,
    model: 'MiniMax-M2',
    serviceTier: null,
    resolution: null,
    failure: undefined,
    isComplete: false,
    isReadable: true,
    hasEnded: false,
    delivered: { characters: 0, bytes: 0, frames: 0, tokens: 0 },
    ...more,
  }
}

const reported = reading({ usage: TOKENS, isComplete: true, hasEnded: true })
const cut = reading({ delivered: { characters: 400, bytes: 400, frames: 20, tokens: 100 } })

function consumed(
  outcome: Outcome,
  read: Reading,
  {
    billing = 'answer',
    hasBegun = true,
    isSession = false,
  }: { billing?: Billing; hasBegun?: boolean; isSession?: boolean } = {},
): unknown {
  return consumptionOf({ billing, outcome, reading: read, isSession, hasBegun, facts: () => FACTS })
}

const NOTHING = { usage: {}, estimated: false }

describe('what a call is billed for', () => {
  it('is what MiniMax reported', () => {
    expect(consumed('ok', reported)).toEqual({ usage: TOKENS, estimated: false })
  })

  it.each(['caller_gone', 'provider_disconnected', 'provider_timeout', 'gateway_interrupted'] as const)(
    'is what MiniMax reported, also when the end was %s',
    (outcome) => {
      expect(consumed(outcome, reported)).toEqual({ usage: TOKENS, estimated: false })
    },
  )

  it.each(OUTCOMES.filter((one) => /^provider_(?!disconnected|timeout)/.test(one)))(
    'is nothing when MiniMax refused: %s',
    (outcome) => {
      expect(consumed(outcome, reported)).toEqual(NOTHING)
    },
  )

  it('is nothing when the answer itself told of a failure', () => {
    const failure = { code: 1026, outcome: 'provider_rejected', notAccepted: false } as const
    expect(consumed('ok', { ...reported, failure })).toEqual(NOTHING)
  })

  it('is what was done of a session before MiniMax refused the rest', () => {
    const usage = { characters: 12 }
    const failure = { code: 1026, outcome: 'provider_rejected', notAccepted: false } as const
    const session = reading({ usage, isComplete: true, failure })
    expect(consumed('provider_rejected', session, { isSession: true })).toEqual({ usage, estimated: false })
  })

  it.each(['ok', 'caller_gone', 'caller_over_budget', 'caller_invalid'] as const)(
    'is what a session was sent beyond what was reported: %s',
    (outcome) => {
      const speech = requestFacts('speech.websocket', null)
      const session = reading({
        usage: { characters: 12 },
        delivered: { characters: 30, bytes: 8, frames: 2, tokens: 0 },
      })
      const consumption = consumptionOf({
        billing: 'answer',
        outcome,
        reading: session,
        isSession: true,
        hasBegun: true,
        facts: () => speech,
      })
      expect(consumption).toEqual({ usage: { characters: 30 }, estimated: true })
    },
  )

  it.each(['ok', 'caller_gone'] as const)('is estimated when nothing was reported: %s', (outcome) => {
    const usage = { input_tokens: FACTS.promptTokens, output_tokens: 100 }
    expect(consumed(outcome, cut)).toEqual({ usage, estimated: true })
  })

  it('is nothing when the caller left before any of the answer came', () => {
    expect(consumed('caller_gone', reading(), { hasBegun: false })).toEqual(NOTHING)
  })

  it.each(['provider_disconnected', 'provider_timeout', 'gateway_interrupted', 'gateway_error'] as const)(
    'is not estimated for what is not the doing of the caller: %s',
    (outcome) => {
      expect(consumed(outcome, cut)).toEqual(NOTHING)
    },
  )

  it('is what had been reported when the provider broke off in between', () => {
    const begun = { ...cut, usage: { input_tokens: 40 } }
    expect(consumed('provider_disconnected', begun)).toEqual({
      usage: { input_tokens: 40 },
      estimated: false,
    })
  })

  it.each(['nothing', 'state'] as const)('is nothing for an operation that is billed by %s', (billing) => {
    expect(consumed('ok', reported, { billing })).toEqual(NOTHING)
  })
})
