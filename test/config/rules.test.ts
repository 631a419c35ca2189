import { describe, expect, it } from 'vitest'
import { configOf, problemsOf } from './helper.ts'

const LONG = 'x'.repeat(32)
const CA = {
  '/ca.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  '/not.pem': 'hello',
}

describe('accepts', () => {
  it.each([
    { MINIMAX_API_KEY: 'eyJhbGciOi.J.x-_=' },
    { MINIMAX_API_KEY: '', MINIMAX_API_KEYS: 'a=k1' },
    { MINIMAX_API_KEYS: 'main=k1,spare=k2==' },
    { MINIMAX_GROUP_ID: '1234567890' },
    { MINIMAX_BASE_URL: 'https://api.minimax.io' },
    { MINIMAX_BASE_URL: 'https://api.minimax.io/' },
    { MINIMAX_BASE_URL: 'http://127.0.0.1:9090' },
    { MINIMAX_BASE_URL: 'http://[::1]:9090' },
    { MINIMAX_BASE_URL: 'http://localhost:9090' },
    { MINIMAX_BASE_URL: 'http://emulator:9090', MINIMAX_ALLOW_PLAIN_HTTP: 'true' },
    { MINIMAX_CA_FILE: '/ca.pem' },
    { HOST: '::' },
    { HOST: 'gateway.internal' },
    { PORT: '0', ADMIN_PORT: '0' },
    { PORT: '8081', HOST: '127.0.0.2' },
    { ADMIN_TOKEN: LONG, METRICS_TOKEN: LONG.slice(16), TOKEN_PEPPER: LONG },
    { DATABASE_URL: 'sqlite:/var/lib/g.db' },
    { DATABASE_URL: 'sqlite::memory:' },
    { PRICE_MULTIPLIER: '0' },
    { PRICE_MULTIPLIER: '1.25' },
    { CORS_ORIGINS: 'https://a.example, http://localhost:5173' },
    { TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1, fd00::/8' },
    { LOG_LEVEL: 'silent', LOG_FORMAT: 'json', ON_CALLER_GONE: 'drain' },
    { DRAIN_TIMEOUT: '0', BODY_TIMEOUT: '24d', HEADERS_TIMEOUT: '500ms' },
    { TOKEN_PREFIX: 'acme2' },
    { ADDRESS_REQUESTS_PER_MINUTE: '0', UPSTREAM_CONNECTIONS: '0' },
    { HOME: '/root', PATH: '/bin' },
  ])('%j', (env: Record<string, string>) => {
    expect(problemsOf(env, CA)).toEqual([])
  })
})

describe('refuses', () => {
  it.each([
    ['MINIMAX_API_KEY', 'two words', /space, comma/],
    ['MINIMAX_API_KEY', 'a,b', /space, comma/],
    ['MINIMAX_API_KEY', 'ключ', /non-ASCII/],
    ['MINIMAX_API_KEY', 'line\n', /control/],
    ['MINIMAX_API_KEY', 'Bearer sk', /Bearer/],
    ['MINIMAX_API_KEY', '"sk"', /quotation/],
    ['MINIMAX_API_KEYS', 'sk-one,sk-two', /entry 1 is not name=key/],
    ['MINIMAX_API_KEYS', 'a=1,a=2', /entry 2 has the same name/],
    ['MINIMAX_API_KEYS', 'a=1,', /entry 2 is not name=key/],
    ['MINIMAX_API_KEYS', 'a=1,B=2', /entry 2 has no valid name/],
    ['MINIMAX_API_KEYS', 'a=', /key of entry 1 is empty/],
    ['MINIMAX_API_KEYS', 'a=1,default=2', /MINIMAX_API_KEY/],
    ['MINIMAX_GROUP_ID', 'a b', /1 to 64 letters/],
    ['MINIMAX_GROUP_ID', 'x'.repeat(65), /1 to 64 letters/],
    ['MINIMAX_BASE_URL', 'api.minimax.io', /not a URL/],
    ['MINIMAX_BASE_URL', 'ftp://api.minimax.io', /scheme/],
    ['MINIMAX_BASE_URL', 'https://api.minimax.io/v1', /path/],
    ['MINIMAX_BASE_URL', 'https://api.minimax.io?', /query/],
    ['MINIMAX_BASE_URL', 'https://api.minimax.io/#x', /fragment/],
    ['MINIMAX_BASE_URL', 'https://u:p@api.minimax.io', /user name/],
    ['MINIMAX_BASE_URL', 'http://api.minimax.io', /MINIMAX_ALLOW_PLAIN_HTTP=true/],
    ['MINIMAX_BASE_URL', 'http://127.0.0.1.example.com', /MINIMAX_ALLOW_PLAIN_HTTP=true/],
    ['MINIMAX_ALLOW_PLAIN_HTTP', 'yes', /true or false/],
    ['MINIMAX_CA_FILE', '/missing.pem', /ENOENT/],
    ['MINIMAX_CA_FILE', '/not.pem', /no certificate/],
    ['HOST', 'http://a', /not an address/],
    ['HOST', '0.0.0.0:80', /not an address/],
    ['ADMIN_HOST', '[::1]', /not an address/],
    ['PORT', '65536', /0 to 65535/],
    ['PORT', '-1', /0 to 65535/],
    ['PORT', '80.5', /0 to 65535/],
    ['PORT', '0x50', /0 to 65535/],
    ['ADMIN_PORT', '8080', /port of the public listener/],
    ['ADMIN_TOKEN', 'x'.repeat(31), /at least 32/],
    ['ADMIN_TOKEN', `${LONG} `, /without spaces/],
    ['METRICS_TOKEN', 'x'.repeat(15), /at least 16/],
    ['TOKEN_PEPPER', 'short', /at least 32/],
    ['DATABASE_URL', 'postgres://u:p@h/d', /not supported yet/],
    ['DATABASE_URL', 'postgresql://h/d', /not supported yet/],
    ['DATABASE_URL', 'sqlite:', /file path/],
    ['DATABASE_URL', 'sqlite:///a', /slashes/],
    ['DATABASE_URL', './gateway.db', /file path/],
    ['REDIS_URL', 'redis://h', /not supported yet/],
    ['PRICE_MULTIPLIER', '-1', /from 0 to 1000000/],
    ['PRICE_MULTIPLIER', '1000001', /from 0 to 1000000/],
    ['PRICE_MULTIPLIER', '0.1234567891', /up to 9 decimals/],
    ['PRICE_CURRENCY', 'EUR', /one of USD, CNY/],
    ['PRICE_UNKNOWN', 'free', /one of refuse, ceiling/],
    ['PLAN_MULTIPLIERS', 'free', /names no plan/],
    ['PLAN_MULTIPLIERS', '=1', /names no plan/],
    ['PLAN_MULTIPLIERS', 'free=', /"free=" has no multiplier/],
    ['PLAN_MULTIPLIERS', 'pro=1,free=-1', /"free=-1" has no multiplier/],
    ['PLAN_MULTIPLIERS', 'free=1e3', /"free=1e3" has no multiplier/],
    ['PLAN_MULTIPLIERS', 'free=1,free=2', /names the plan "free" twice/],
    ['LEDGER_RETENTION', '36501d', /0s to 36500d/],
    ['LEDGER_RETENTION', '-1d', /0s to 36500d/],
    ['CHARGED_HEADER', 'yes', /true or false/],
    ['PRICE_MULTIPLIER', '1e3', /decimal/],
    ['PRICE_MULTIPLIER', '1,5', /decimal/],
    ['PRICE_MULTIPLIER', '.5', /decimal/],
    ['CORS_ORIGINS', '*', /every web page/],
    ['CORS_ORIGINS', 'https://a.example/', /exact origin/],
    ['CORS_ORIGINS', 'a.example', /exact origin/],
    ['CORS_ORIGINS', 'null', /exact origin/],
    ['CORS_ORIGINS', 'https://A.example', /exact origin/],
    ['CORS_ORIGINS', 'https://a.example:443', /exact origin/],
    ['CORS_ORIGINS', 'https://bücher.example', /exact origin/],
    ['CORS_ORIGINS', 'file:///index.html', /exact origin/],
    ['CORS_ORIGINS', 'https://*.example.com', /matches nothing/],
    ['TRUSTED_PROXIES', '1', /forge/],
    ['TRUSTED_PROXIES', 'true', /forge/],
    ['TRUSTED_PROXIES', '10.0.0.0/33', /not a network/],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8', /not a network/],
    ['TRUSTED_PROXIES', 'loopback', /not a network/],
    ['TRUSTED_PROXIES', '0.0.0.0/0', /trusts every address/],
    ['TRUSTED_PROXIES', '::/0', /trusts every address/],
    ['LOG_LEVEL', 'INFO', /one of trace/],
    ['LOG_FORMAT', 'text', /one of auto/],
    ['DRAIN_TIMEOUT', '25d', /0s to 24d/],
    ['DRAIN_TIMEOUT', 'soon', /such as 30s/],
    ['BODY_TIMEOUT', '0', /1ms to 24d/],
    ['ON_CALLER_GONE', 'ignore', /one of cancel, drain/],
    ['TOKEN_PREFIX', 'M', /lower-case/],
    ['TOKEN_PREFIX', 'has_underscore', /lower-case/],
    ['ADDRESS_REQUESTS_PER_MINUTE', '-1', /from 0/],
    ['AUTH_FAILURES_PER_MINUTE', '0', /from 1/],
    ['MAX_CONNECTIONS', '0', /from 1/],
    ['MAX_BUFFERED_BYTES', '512MiB', /whole number/],
  ])('%s=%j', (name, value, expected) => {
    const problems = problemsOf({ [name]: value }, CA)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(expected)
    expect(problems[0]).toMatch(new RegExp(`^${name} \\(environment\\): `))
  })
})

describe('reads', () => {
  it('the keys of both settings, the lone one first', () => {
    const keys = configOf({ MINIMAX_API_KEYS: 'main=k1,spare=k2==' }).upstreamKeys
    expect(keys.map(({ name, key }) => [name, key.reveal()])).toEqual([
      ['default', 'sk-test'],
      ['main', 'k1'],
      ['spare', 'k2=='],
    ])
  })

  it('accounts and weights of keys, and from where they come', () => {
    const text = 'main@acme*3=k1,spare*100=k*2@x=,plain@acme=k3'
    const keys = configOf({ MINIMAX_API_KEYS_FILE: '/keys' }, { '/keys': `${text}\n` })
    expect(keys.upstreamKeys.map(({ key, ...rest }) => ({ ...rest, key: key.reveal() }))).toEqual([
      { name: 'default', account: 'default', weight: 1, source: 'setting', key: 'sk-test' },
      { name: 'main', account: 'acme', weight: 3, source: 'file', key: 'k1' },
      { name: 'spare', account: 'spare', weight: 100, source: 'file', key: 'k*2@x=' },
      { name: 'plain', account: 'acme', weight: 1, source: 'file', key: 'k3' },
    ])
    expect(keys.upstreamKeyFiles).toEqual([{ variable: 'MINIMAX_API_KEYS_FILE', path: '/keys' }])
  })

  it.each(['main*0=k', 'main*101=k', 'main*=k', 'main*1.5=k', 'main*3@acme=k', 'main@acme*x=k'])(
    'no key from %s',
    (text) => {
      expect(problemsOf({ MINIMAX_API_KEYS: text }).join()).toMatch(/entry 1 has no valid weight/)
    },
  )

  it('multipliers by plan, from one line or from a list', () => {
    expect(configOf({ PLAN_MULTIPLIERS: 'free=0.4, a=b=1 , big team=1000000' }).planMultipliers).toEqual({
      free: '0.4',
      'a=b': '1',
      'big team': '1000000',
    })
    const yaml = { 'g.yaml': 'plan_multipliers:\n  - free=0.40\n  - pro=1' }
    const { planMultipliers } = configOf({ CONFIG: 'g.yaml' }, yaml)
    expect(planMultipliers).toEqual({ free: '0.40', pro: '1' })
    expect(Object.isFrozen(planMultipliers)).toBe(true)
  })

  it('money, unless told otherwise, at the list price in dollars', () => {
    expect(configOf()).toMatchObject({
      priceCurrency: 'USD',
      priceUnknown: 'refuse',
      priceMultiplier: '1',
      planMultipliers: {},
      ledgerRetention: 90 * 86_400_000,
      chargedHeader: true,
    })
    expect(configOf({ LEDGER_RETENTION: '2160h', CHARGED_HEADER: 'false' })).toMatchObject({
      ledgerRetention: 90 * 86_400_000,
      chargedHeader: false,
    })
    expect(configOf({ LEDGER_RETENTION: '0s' }).ledgerRetention).toBe(0)
  })

  it.each([
    [{}, 'sqlite:data/gateway.db'],
    [{ DATA_DIR: '/var/lib/g' }, 'sqlite:/var/lib/g/gateway.db'],
    [{ DATA_DIR: '/var/$&/' }, 'sqlite:/var/$&/gateway.db'],
    [{ DATA_DIR: '/x', DATABASE_URL: 'sqlite:/y.db' }, 'sqlite:/y.db'],
  ])('the place of the database from %j', (env, expected) => {
    expect(configOf(env).databaseUrl).toBe(expected)
  })
})
