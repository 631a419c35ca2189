import { describe, expect, it } from 'vitest'
import { everySetting } from '../../src/config/describe.ts'
import { ConfigError, loadConfig } from '../../src/config/load.ts'
import { configOf, problemsOf } from './helper.ts'

describe('loadConfig', () => {
  it('needs nothing but a key', () => {
    expect(problemsOf({})).toEqual([])
  })

  it('says what to do when there is no key', () => {
    expect(() => loadConfig({ env: {} })).toThrow(ConfigError)
    const [problem, ...more] = problemsOf({ MINIMAX_API_KEY: '' })
    expect(more).toEqual([])
    expect(problem).toMatch(/^MINIMAX_API_KEY \(not set\): .*`npm run demo`$/)
  })

  it('tells every mistake at once, one line each, and how to mend it', () => {
    const problems = problemsOf(
      { MINIMAX_API_KEY: '', CONFIG: 'g.yaml', PORT: 'x', LOG_LEVEL: 'loud', ADMIN_TOKEN_FILE: '/none' },
      { 'g.yaml': 'prot: 1\ndrain_timeout: soon' },
    )
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'prot (g.yaml line 1)',
      'ADMIN_TOKEN_FILE (environment)',
      'PORT (environment)',
      'LOG_LEVEL (environment)',
      'drain_timeout (g.yaml line 2)',
      'MINIMAX_API_KEY (not set)',
    ])
    for (const line of problems) expect(line).toMatch(/^\S+ \([^)]+\): [^\n]+\. [^\n]+[.?`]$/)
  })

  it('gives a frozen configuration', () => {
    const config = configOf({ CORS_ORIGINS: 'https://a.example' })
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.corsOrigins)).toBe(true)
    expect(Object.isFrozen(config.upstreamKeys)).toBe(true)
    expect(config.upstreamKeys.every((entry) => Object.isFrozen(entry))).toBe(true)
  })

  it('names every setting in camel case, and nothing else', () => {
    const longest = 'x'.repeat(32)
    const config = configOf(
      {
        MINIMAX_GROUP_ID: '1',
        MINIMAX_CA_FILE: '/ca',
        PRICES_FILE: '/prices.json',
        PUBLIC_URL: 'https://gateway.example.com',
        ACCESS_REQUEST_PLAN: 'free',
        ADMIN_TOKEN: longest,
        METRICS_TOKEN: longest,
        TOKEN_PEPPER: longest,
        GEO_ASN_FILE: '/asn.mmdb',
        GEO_COUNTRY_FILE: '/country.mmdb',
        KEY_ENCRYPTION_KEY: 'a'.repeat(64),
        MAIL_FROM: 'gateway@example.com',
        MAIL_TO: 'ops@example.com',
        NOTICE_WEBHOOK_SECRET: longest,
        NOTICE_WEBHOOK_URL: 'https://hooks.example.com/',
        SMTP_URL: 'smtps://mail.example.com',
      },
      { '/ca': '-----BEGIN CERTIFICATE-----' },
    )
    const keys = new Set(['minimax_api_key', 'minimax_api_keys', 'redis_url'])
    const expected = everySetting.flatMap(({ name }) =>
      keys.has(name) ? [] : [name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())],
    )
    expect(Object.keys(config).sort()).toEqual([...expected, 'upstreamKeys', 'upstreamKeyFiles'].sort())
  })

  it('leaves unset options out', () => {
    expect(Object.keys(configOf())).not.toContain('adminToken')
  })
})

describe('warnings', () => {
  const warningsOf = (env: Record<string, string>) =>
    loadConfig({ env: { MINIMAX_API_KEY: 'sk-test', ...env } }).warnings

  it.each([
    ['MINIMAX_API_HOST', /MINIMAX_API_HOST .*not a setting/],
    ['MINIMAX_BASE_ULR', /Did you mean MINIMAX_BASE_URL/],
    ['LOGLEVEL', /Did you mean LOG_LEVEL/],
    ['ADMIN_TOKN_FILE', /Did you mean ADMIN_TOKEN/],
  ])('%s looks like a setting', (variable, expected) => {
    expect(warningsOf({ [variable]: 'secret-value' })).toEqual([expect.stringMatching(expected)])
    expect(warningsOf({ [variable]: 'secret-value' }).join()).not.toContain('secret-value')
  })

  it.each(['HOME', 'PATH', 'POST', 'HOSTNAME', 'NODE_ENV', 'LANG', 'npm_config_cache', 'CONFIGS'])(
    '%s belongs to somebody else',
    (variable) => {
      expect(warningsOf({ [variable]: 'x' })).toEqual([])
    },
  )
})
