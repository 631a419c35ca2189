import { beforeAll, describe, expect, it } from 'vitest'
import { aToken } from '../../contract/store.ts'
import { anAdminServer, textOf } from './helper.ts'

/** Whatever the store knows of a token, as the code and as the database name it. */
const OF_TOKEN = Object.keys(aToken()).flatMap((name) => [
  name,
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
])

/** Every field that some object of the gateway has or will have, with a value that would be right there. */
const FIELDS: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(OF_TOKEN.map((name) => [name, null])),
  id: 'eve',
  user_id: 'eve',
  userId: 'eve',
  user: 'eve',
  name: 'Eve',
  email: 'eve@example.com',
  plan: 'pro',
  status: 'active',
  kind: 'server',
  hash: '0'.repeat(64),
  token: 'mmg_x',
  secret: 'x',
  operations: ['*'],
  models: ['M1'],
  expires_in: '1h',
  expiresInMs: 1,
  expires_at: null,
  created_at: 0,
  updated_at: 0,
  revoked_at: null,
  revokedAt: null,
  replaced_by: null,
  grace: '1h',
  origins: ['*'],
  cidrs: ['0.0.0.0/0'],
  limits: {},
  prepaid: true,
  balance: '1000',
  multiplier: '0',
  price: '0',
  credits: '1000',
  free_credit: '1000',
  amount: '1000',
  reason: 'x',
  uses: 9,
  used: 0,
  count: 9,
  code: 'MMGC-0000-0000-0000-0000-0000',
  role: 'admin',
  admin: true,
  is_admin: true,
  constructor_: {},
}

const TOKEN = ['name', 'operations', 'models', 'origins', 'cidrs', 'limits']

const PLAN = ['name', 'limits', 'multiplier', 'operations', 'models', 'prepaid', 'free_credit']

const ROUTES: [method: 'POST' | 'PATCH', url: string, allowed: string[], valid: object][] = [
  [
    'POST',
    '/admin/v1/users',
    ['id', 'name', 'email', 'plan', 'multiplier', 'limits', 'prepaid'],
    { name: 'Grace' },
  ],
  [
    'PATCH',
    '/admin/v1/users/ada',
    ['name', 'email', 'plan', 'multiplier', 'limits', 'prepaid', 'status'],
    { name: 'Ada' },
  ],
  ['POST', '/admin/v1/users/ada/tokens', ['expires_in', ...TOKEN], {}],
  ['PATCH', '/admin/v1/tokens/TOKEN', ['expires_in', ...TOKEN], { name: 'ci' }],
  ['POST', '/admin/v1/tokens/TOKEN/rotate', ['grace'], {}],
  ['POST', '/admin/v1/token-checks', ['token'], { token: 'mmg_x' }],
  ['POST', '/admin/v1/plans', ['id', ...PLAN], { id: 'free' }],
  ['PATCH', '/admin/v1/plans/pro', PLAN, { name: 'Pro' }],
  ['POST', '/admin/v1/users/ada/credits', ['amount', 'reason', 'id'], { amount: '1', reason: 'x' }],
  ['POST', '/admin/v1/incidents/inc_000000000000/dismiss', ['reason'], {}],
  ['POST', '/admin/v1/incidents/inc_000000000000/rotate', [], {}],
  [
    'POST',
    '/admin/v1/exemptions',
    ['user', 'token', 'signals', 'reason', 'expires_in'],
    { user: 'ada', reason: 'x', expires_in: '1h' },
  ],
  ['POST', '/admin/v1/credit-codes', ['amount', 'uses', 'expires_in', 'reason', 'count'], { amount: '1' }],
]

const CASES = ROUTES.flatMap(([method, url, allowed, valid]) =>
  Object.keys(FIELDS)
    .filter((field) => !allowed.includes(field))
    .map((field): [string, string, string, object] => [
      method,
      url,
      field,
      { ...valid, [field]: FIELDS[field] },
    ]),
)

describe('a write with a field that is not its own', () => {
  let api: Awaited<ReturnType<typeof anAdminServer>>
  let tokenId: string
  beforeAll(async () => {
    api = await anAdminServer()
    await api.call('POST', '/admin/v1/plans', { id: 'pro' })
    tokenId = textOf((await api.call('POST', '/admin/v1/users/ada/tokens')).body, 'id')
  })

  const everything = async () => [
    (await api.call('GET', '/admin/v1/users')).text,
    (await api.call('GET', '/admin/v1/tokens')).text,
    (await api.call('GET', '/admin/v1/plans')).text,
    (await api.call('GET', '/admin/v1/users/ada/credits')).text,
    (await api.call('GET', '/admin/v1/credit-codes')).text,
    (await api.call('GET', '/admin/v1/exemptions')).text,
  ]

  it.each(CASES)('%s %s with %s is refused by name and changes nothing', async (method, url, field, body) => {
    const before = await everything()
    const answer = await api.call(method === 'POST' ? 'POST' : 'PATCH', url.replace('TOKEN', tokenId), body)
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { error: { code: 'invalid_request', path: field } },
    ])
    expect(await everything()).toEqual(before)
  })
})

describe('a body that is not plain JSON', () => {
  it.each<[string, string, string | undefined, number, string]>([
    ['with a prototype', '{"name":"x","__proto__":{"id":"eve"}}', 'application/json', 400, 'invalid_json'],
    [
      'with a constructor',
      '{"name":"x","constructor":{"prototype":{"id":"e"}}}',
      'application/json',
      400,
      'invalid_json',
    ],
    ['cut short', '{"name":"x"', 'application/json', 400, 'invalid_json'],
    ['empty', '', 'application/json', 400, 'invalid_json'],
    ['of a form', 'name=x', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['of plain text', '{"name":"x"}', 'text/plain', 400, 'invalid_request'],
    ['too large', JSON.stringify({ name: 'x'.repeat(70_000) }), 'application/json', 413, 'body_too_large'],
    ['a list', '[{"name":"x"}]', 'application/json', 400, 'invalid_request'],
  ])('%s is refused', async (_, payload, type, status, code) => {
    const { app, house } = await anAdminServer()
    const { ADMIN_TOKEN } = await import('./helper.ts')
    const answer = await app.inject({
      method: 'POST',
      url: '/admin/v1/users',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': type },
      payload,
    })
    expect([answer.statusCode, answer.json()]).toMatchObject([status, { error: { code } }])
    expect((await house.store.users.list({ limit: 10 })).items).toHaveLength(1)
  })
})
