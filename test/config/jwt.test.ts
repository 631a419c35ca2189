import { describe, expect, it } from 'vitest'
import { configOf, problemsOf } from './helper.ts'

const GOOD = { name: 'acme', issuer: 'https://id.example.com', audience: 'gateway' }
const EC = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
}

const problemsWith = (...issuers: readonly unknown[]) => problemsOf({ JWT_ISSUERS: JSON.stringify(issuers) })
const issuersOf = (...issuers: readonly unknown[]) =>
  configOf({ JWT_ISSUERS: JSON.stringify(issuers) }).jwtIssuers

describe('jwt_issuers', () => {
  it('is nobody unless it is set', () => {
    expect(configOf().jwtIssuers).toEqual([])
  })

  it('gives an issuer what is usual where nothing is said', () => {
    expect(issuersOf(GOOD)).toEqual([
      {
        name: 'acme',
        issuer: 'https://id.example.com',
        audiences: ['gateway'],
        keys: { kind: 'discovery' },
        algorithms: ['RS256', 'ES256', 'EdDSA', 'PS256'],
        userClaim: 'sub',
        user: null,
        endUserClaim: null,
        planClaim: null,
        plan: null,
        createsUsers: false,
        sharesUsers: false,
        leewayMs: 30_000,
        maxAgeMs: 86_400_000,
        requiredClaims: {},
        operations: null,
        models: null,
        origins: null,
      },
    ])
    expect(Object.isFrozen(issuersOf(GOOD)[0])).toBe(true)
  })

  it('takes the subjects of the tokens of a fixed user for end users', () => {
    expect(issuersOf({ ...GOOD, user: 'app' })).toMatchObject([
      { user: 'app', userClaim: null, endUserClaim: 'sub' },
    ])
  })

  it.each([
    [
      { leeway: '5m', max_age: 3600 },
      { leewayMs: 300_000, maxAgeMs: 3_600_000 },
    ],
    [{ leeway: 0 }, { leewayMs: 0 }],
    [{ audience: ['a', 'b'] }, { audiences: ['a', 'b'] }],
    [
      { jwks_uri: 'https://id.example.com/keys' },
      { keys: { kind: 'url', url: 'https://id.example.com/keys' } },
    ],
    [{ jwks_file: '/keys.json' }, { keys: { kind: 'file', path: '/keys.json' } }],
    [{ jwks: { keys: [EC] } }, { keys: { kind: 'keys', keys: [EC] } }],
    [{ issuer: 'http://127.0.0.1:9/' }, { issuer: 'http://127.0.0.1:9/' }],
    [
      { create_users: true, plan: 'free', plan_claim: 'tier' },
      { createsUsers: true, plan: 'free', planClaim: 'tier' },
    ],
    [{ user_namespace: 'shared' }, { sharesUsers: true }],
    [{ required_claims: { a: true, b: 1, c: 'x' } }, { requiredClaims: { a: true, b: 1, c: 'x' } }],
    [{ algorithms: ['ES512'] }, { algorithms: ['ES512'] }],
  ])('reads %j', (more, expected) => {
    expect(issuersOf({ ...GOOD, ...more })).toMatchObject([expected])
  })

  it('is native YAML in the file', () => {
    const yaml = [
      'jwt_issuers:',
      '  - name: acme',
      '    issuer: https://id.example.com',
      '    audience: [gateway]',
      '    leeway: 10s',
      '    max_age: 7200',
      '    create_users: true',
      '    plan: free',
      '    required_claims: {verified: true}',
    ].join('\n')
    const { jwtIssuers } = configOf({ CONFIG: 'g.yaml' }, { 'g.yaml': yaml })
    expect(jwtIssuers).toMatchObject([
      {
        name: 'acme',
        leewayMs: 10_000,
        maxAgeMs: 7_200_000,
        plan: 'free',
        requiredClaims: { verified: true },
      },
    ])
  })

  it('may be JSON in the file, too', () => {
    const yaml = `jwt_issuers: '${JSON.stringify([GOOD])}'`
    expect(configOf({ CONFIG: 'g.yaml' }, { 'g.yaml': yaml }).jwtIssuers).toMatchObject([{ name: 'acme' }])
  })

  it('tells every mistake in every issuer at once, by its path', () => {
    const problems = problemsWith({ name: 'A', issuer: 'id.example.com', leewy: 1 }, GOOD, {
      ...GOOD,
      name: 'b',
      audience: 'other',
      leeway: '6m',
      algorithms: ['none', 'HS256'],
    })
    expect(problems.map((line) => line.slice(0, line.indexOf(': ')))).toEqual([
      'JWT_ISSUERS[0].leewy (environment)',
      'JWT_ISSUERS[0].name (environment)',
      'JWT_ISSUERS[0].issuer (environment)',
      'JWT_ISSUERS[0].audience (environment)',
      'JWT_ISSUERS[2].algorithms (environment)',
      'JWT_ISSUERS[2].leeway (environment)',
    ])
    for (const line of problems) expect(line).toMatch(/[.?`]$/)
  })

  it('tells the line of the file', () => {
    const problems = problemsOf({ CONFIG: 'g.yaml' }, { 'g.yaml': 'port: 1\njwt_issuers:\n  - name: acme' })
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/^jwt_issuers\[0\]\.issuer \(g\.yaml line 2\): is missing/)
  })

  it.each([
    ['name', ['', 'A', 'a_b', '-a', 'a-', 'a'.repeat(25), 7, null]],
    [
      'issuer',
      ['', 'http://id.example.com', 'https://u:p@id.example.com', 'https://id.example.com#x', 'x', 1],
    ],
    ['audience', ['', [], [''], {}, null]],
    ['jwks_uri', ['http://id.example.com/keys', 'file:///keys', '']],
    ['algorithms', [[], ['none'], ['HS256'], ['RS256', 'RS256'], ['rs256'], 'RS256']],
    ['user_claim', ['', 7]],
    ['leeway', ['6m', -1, 301, 'soon', null]],
    ['max_age', ['30s', '366d', 0]],
    ['create_users', ['true', 1]],
    ['user_namespace', ['both', true]],
    ['required_claims', [[], 'a=b', { a: [] }, { a: null }]],
    ['operations', ['chat.*', [7]]],
    ['origins', [['*'], ['https://a.example/'], 'https://a.example']],
    ['jwks', [{}, { keys: [] }, [], 'x']],
    ['user', ['', 'a b', '../a']],
  ])('refuses a wrong %s', (field, values) => {
    for (const value of values) {
      const problems = problemsWith({ ...GOOD, [field]: value })
      expect(problems, JSON.stringify(value)).toHaveLength(1)
      expect(problems[0]).toContain(`JWT_ISSUERS[0].${field} (environment): `)
    }
  })

  it.each([
    ['two names alike', [GOOD, { ...GOOD, issuer: 'https://b.example' }], '[1].name'],
    ['an audience of an issuer twice', [GOOD, { ...GOOD, name: 'b' }], '[1].audience'],
    ['several sources of keys', [{ ...GOOD, jwks_uri: 'https://a.example', jwks_file: '/x' }], '[0]'],
    ['a fixed user and a claim', [{ ...GOOD, user: 'a', user_claim: 'sub' }], '[0].user_claim'],
    ['a fixed user who is made', [{ ...GOOD, user: 'a', create_users: true, plan: 'x' }], '[0].create_users'],
    ['users who are made without a plan', [{ ...GOOD, create_users: true }], '[0].plan'],
    ['a plan of users whom nobody makes', [{ ...GOOD, plan_claim: 'tier' }], '[0].plan_claim'],
    ['a private key', [{ ...GOOD, jwks: { keys: [{ ...EC, d: 'secret' }] } }], '[0].jwks'],
    ['a shared secret', [{ ...GOOD, jwks: { keys: [{ kty: 'oct', k: 'secret' }] } }], '[0].jwks'],
  ])('refuses %s', (_, issuers, path) => {
    const problems = problemsWith(...issuers)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`JWT_ISSUERS${path} (environment): `)
    expect(problems[0]).not.toContain('secret"')
  })

  it.each(['{', '{}', '"x"', 'https://id.example.com', 'null', JSON.stringify(Array(33).fill(GOOD))])(
    'refuses %.40s, which is no list of issuers',
    (text) => {
      expect(problemsOf({ JWT_ISSUERS: text })).toEqual([
        expect.stringMatching(/^JWT_ISSUERS \(environment\): is not /),
      ])
    },
  )

  it('refuses an alias in the file, which could stand for any number of issuers', () => {
    const yaml = 'jwt_issuers:\n  - &a {name: acme, issuer: "https://a.example", audience: x}\n  - *a'
    expect(problemsOf({ CONFIG: 'g.yaml' }, { 'g.yaml': yaml })).toEqual([
      expect.stringContaining('is a map or an alias'),
    ])
  })
})
