import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityFrom, limitsInForce } from '../../src/auth/effective.ts'
import type { Budget, Limits, Plan, Token, User } from '../../src/store/store.ts'
import { aPlan } from '../contract/plans.ts'
import { aToken, aUser } from '../contract/store.ts'

const daily: Budget = { amount: 5n, period: 'day', hard: true }
const monthly: Budget = { unit: 'images', quantity: 10, period: 'month', hard: false }

describe('limits in force', () => {
  it.each<[string, Limits | null, Limits | null, Limits]>([
    ['are none where nobody has any', null, null, {}],
    ["are the plan's where there are no own", { concurrency: 2 }, null, { concurrency: 2 }],
    ["are the plan's where the own leave them out", { concurrency: 2 }, {}, { concurrency: 2 }],
    ['are the own where there is no plan', null, { concurrency: 2 }, { concurrency: 2 }],
    [
      'are the own where both say something, also higher ones',
      { concurrency: 2 },
      { concurrency: 9 },
      { concurrency: 9 },
    ],
    [
      'are lifted by null',
      { concurrency: 2, tokensPerMinute: 5 },
      { concurrency: null },
      { tokensPerMinute: 5 },
    ],
    ['are not there where the plan says null', { concurrency: null }, null, {}],
    [
      'have their budgets from one of both',
      { budgets: [daily] },
      { budgets: [monthly] },
      { budgets: [monthly] },
    ],
    ['have no budgets where they are lifted', { budgets: [daily] }, { budgets: null }, {}],
    ['have no budgets where the own have none', { budgets: [daily] }, { budgets: [] }, {}],
    ['inherit budgets', { budgets: [daily] }, { concurrency: 1 }, { budgets: [daily], concurrency: 1 }],
    [
      'have their models from one of both',
      { models: { a: { concurrency: 1 } } },
      { models: { b: { concurrency: 2, tokensPerMinute: null }, c: {} } },
      { models: { b: { concurrency: 2 } } },
    ],
    ['have no models where they are lifted', { models: { a: { concurrency: 1 } } }, { models: null }, {}],
    [
      'have a model of any name',
      { models: { constructor: { concurrency: 1 } } },
      {},
      { models: { constructor: { concurrency: 1 } } },
    ],
    ['have a longest answer', { maxOutputTokens: 5 }, { maxOutputTokens: 7 }, { maxOutputTokens: 7 }],
  ])('%s', (_, plan, own, expected) => {
    expect(limitsInForce(plan, own)).toEqual(expected)
  })

  it('are, field by field, the own unless it is left out, and never null', () => {
    const fields = ['requestsPerMinute', 'tokensPerMinute', 'concurrency', 'maxOutputTokens'] as const
    const rate = fc.option(fc.integer({ min: 1 }))
    const record = Object.fromEntries(fields.map((field) => [field, rate]))
    const limits: fc.Arbitrary<Limits> = fc.record(record, { requiredKeys: [] })
    fc.assert(
      fc.property(fc.option(limits), fc.option(limits), (plan, own) => {
        const inForce = limitsInForce(plan, own)
        for (const field of fields) {
          const source = own !== null && Object.hasOwn(own, field) ? own : plan
          expect(inForce[field]).toBe(source?.[field] ?? undefined)
        }
        expect(limitsInForce(inForce, null)).toEqual(inForce)
        expect(limitsInForce(null, inForce)).toEqual(inForce)
      }),
    )
  })
})

describe('who is limited', () => {
  const user = { kind: 'user', id: 'ada', since: 1000 }
  const token = { kind: 'token', id: 'token1', since: 2000 }
  it.each<[string, Partial<User>, Partial<Token>, Partial<Plan> | null, unknown[], boolean]>([
    ['is nobody where nothing is limited', {}, {}, null, [], false],
    [
      'is nobody where everything is lifted',
      { limits: { concurrency: null } },
      { limits: {} },
      { limits: { concurrency: 1 } },
      [],
      false,
    ],
    [
      'is the user by their plan',
      {},
      {},
      { limits: { concurrency: 1 } },
      [{ ...user, limits: { concurrency: 1 } }],
      false,
    ],
    [
      'is the user by their own',
      { limits: { concurrency: 3 } },
      {},
      { limits: { concurrency: 1 } },
      [{ ...user, limits: { concurrency: 3 } }],
      false,
    ],
    [
      'is the token alone',
      {},
      { limits: { concurrency: 4 } },
      null,
      [{ ...token, limits: { concurrency: 4 } }],
      false,
    ],
    [
      "is the user before the token, which has none of the plan's",
      {},
      { limits: { tokensPerMinute: 4 } },
      { limits: { concurrency: 1 } },
      [
        { ...user, limits: { concurrency: 1 } },
        { ...token, limits: { tokensPerMinute: 4 } },
      ],
      false,
    ],
    ['is whoever pays ahead', { prepaid: true }, {}, null, [{ ...user, limits: {} }], true],
    ['is whoever pays ahead by their plan', {}, {}, { prepaid: true }, [{ ...user, limits: {} }], true],
    [
      'is not who need not pay ahead, whatever the plan says',
      { prepaid: false },
      {},
      { prepaid: true },
      [],
      false,
    ],
  ])('%s', (_, userFields, tokenFields, planFields, limited, prepaid) => {
    const plan = planFields && aPlan(planFields)
    const identity = identityFrom(aToken({ createdAt: 2000, ...tokenFields }), aUser(userFields), plan)
    expect([identity.limited, identity.prepaid]).toEqual([limited, prepaid])
  })
})

describe('what may be used', () => {
  it.each<[string[] | null, string[] | null, string[]]>([
    [null, null, ['chat.native', 'chat.openai', 'speech.sync']],
    [['chat.*'], null, ['chat.native', 'chat.openai']],
    [null, ['chat.native'], ['chat.native']],
    [['chat.*'], ['chat.native', 'speech.*'], ['chat.native']],
    [['chat.native'], ['*'], ['chat.native']],
    [['speech.sync'], ['chat.*'], []],
    [[], ['*'], []],
    [['*'], [], []],
  ])('by a plan for %j and a token for %j are %j', (ofPlan, ofToken, expected) => {
    const identity = identityFrom(aToken({ operations: ofToken }), aUser(), aPlan({ operations: ofPlan }))
    const all = ['chat.native', 'chat.openai', 'speech.sync']
    expect(all.filter((operation) => identity.mayUseOperation(operation))).toEqual(expected)
  })

  it('are the models that both name', () => {
    const identity = identityFrom(aToken({ models: ['a', 'b'] }), aUser(), aPlan({ models: ['b', 'c'] }))
    expect(['a', 'b', 'c', ''].filter((model) => identity.mayUseModel(model))).toEqual(['b'])
  })
})
