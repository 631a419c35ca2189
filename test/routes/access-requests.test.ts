import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'
import { aMailServer } from '../mail/mail-server.ts'

const PATH = '/gateway/v1/access-requests'
const PUBLIC_URL = 'http://127.0.0.1:8080'

const ON = { ACCESS_REQUESTS: 'on', PUBLIC_URL, ACCESS_REQUESTS_PER_HOUR: '1000' }

/** The address that a proxy in front of the gateway says a request comes from: each test has its own. */
let lastAddress = 0
const anAddress = (): Record<string, string> => ({ 'x-forwarded-for': `198.51.100.${++lastAddress}` })

function ask(
  gateway: TestGateway,
  body: unknown,
  headers: Record<string, string> = anAddress(),
): Promise<Response> {
  return fetch(`${gateway.url}${PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

function press(
  gateway: TestGateway,
  page: 'verify' | 'claim',
  secret: string,
  headers: Record<string, string> = {},
) {
  return fetch(`${gateway.url}${PATH}/${page}`, {
    method: 'POST',
    headers: { ...anAddress(), ...headers },
    body: new URLSearchParams({ secret }),
  })
}

/** The requests of an address, as the operator sees them. */
async function requestsOf(gateway: TestGateway, email: string): Promise<Record<string, unknown>[]> {
  const { items } = await gateway.admin('GET', '/admin/v1/access-requests?limit=1000')
  return (Array.isArray(items) ? items : []).filter(isRecord).filter((item) => item.email === email)
}

/** A request, once it is in the store: its answer comes before. */
async function taken(gateway: TestGateway, email: string): Promise<Record<string, unknown>> {
  let found: Record<string, unknown>[] = []
  const end = performance.now() + 5_000
  while (found.length === 0) {
    if (performance.now() > end) throw new Error('the request was not taken')
    found = await requestsOf(gateway, email)
  }
  return found[0] ?? {}
}

const tokenIn = (html: string): string => /mmg_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}/.exec(html)?.[0] ?? ''

/** The text of a mail as its reader sees it: long lines whole again. */
const textOf = (mail = ''): string => mail.replaceAll('=\n', '').replaceAll('=3D', '=')

const secretIn = (mail?: string): string => /#([0-9A-Za-z]{43})/.exec(textOf(mail))?.[1] ?? ''

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ env: { ...ON, TRUSTED_PROXIES: '127.0.0.1/32' } })
})
afterAll(() => gateway.close())

/** A one-time link of somebody new, approved without a mail. */
async function aLink(email: string, approval: object = {}): Promise<string> {
  await ask(gateway, { email })
  const { id } = await taken(gateway, email)
  const { link } = await gateway.admin('POST', `/admin/v1/access-requests/${String(id)}/approve`, approval)
  return String(link).split('#')[1] ?? ''
}

describe('asking for access', () => {
  it('leads by two mails and two buttons to a token that works', async () => {
    const { port, mails, commands } = await aMailServer()
    await using mailing = await startGateway({
      env: {
        ...ON,
        SMTP_URL: `smtp://127.0.0.1:${port}`,
        MAIL_FROM: 'gateway@example.com',
        MAIL_TO: 'ops@example.com',
      },
    })
    const answer = await ask(mailing, { email: 'Eve@Example.com', note: 'please\r\nBcc: x@example.com' }, {})
    expect([answer.status, await answer.json()]).toMatchObject([202, { status: 'accepted' }])
    await until(() => mails.length === 1, 'the first mail')
    expect(commands).toContain('RCPT TO:<eve@example.com>')
    expect(mails[0]).not.toMatch(/please|Bcc/)
    expect(textOf(mails[0])).toContain(`${PUBLIC_URL}${PATH}/verify#`)

    const first = secretIn(mails[0])
    const verified = await press(mailing, 'verify', first)
    expect([verified.status, await verified.text()]).toEqual([
      200,
      expect.stringContaining('Your address is confirmed'),
    ])
    await until(() => mails.length === 2, 'the mail to the operator')
    expect(commands).toContain('RCPT TO:<ops@example.com>')
    const { id, state } = await taken(mailing, 'eve@example.com')
    expect(state).toBe('verified')
    const { link, user_id: user } = await mailing.admin(
      'POST',
      `/admin/v1/access-requests/${String(id)}/approve`,
      {},
    )
    expect(link).toBeNull()
    await until(() => mails.length === 3, 'the mail with the link')

    const presses = await Promise.all(
      Array.from({ length: 20 }, () => press(mailing, 'claim', secretIn(mails[2]))),
    )
    expect(presses.filter(({ status }) => status === 409)).toHaveLength(19)
    const shown = await presses.find(({ status }) => status === 200)?.text()
    const token = tokenIn(shown ?? '')
    expect(shown).toContain(`curl -X POST ${PUBLIC_URL}/v1/text/chatcompletion_v2`)
    const me = await fetch(`${mailing.url}/gateway/v1/me`, { headers: { authorization: `Bearer ${token}` } })
    expect(await me.json()).toMatchObject({ user })
    const everything = mailing.logLines.join('\n')
    for (const secret of [first, secretIn(mails[2]), token, 'eve@example.com']) {
      expect(everything.includes(secret)).toBe(false)
    }
  })

  it('is answered alike whoever has the address, and whether it was asked for before', async () => {
    await gateway.admin('POST', '/admin/v1/users', { id: 'known', email: 'known@example.com' })
    await aLink('approved@example.com')
    await ask(gateway, { email: 'asked@example.com' })
    await taken(gateway, 'asked@example.com')
    const emails = ['known@example.com', 'approved@example.com', 'asked@example.com', 'nobody@example.com']
    const seen = new Set<string>()
    for (const email of emails) {
      const answer = await ask(gateway, { email, note: 'x' })
      const headers = [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
      seen.add(JSON.stringify([answer.status, headers, await answer.text()]))
    }
    expect(seen.size).toBe(1)
    await taken(gateway, 'nobody@example.com')
    expect(await requestsOf(gateway, 'asked@example.com')).toHaveLength(1)
  })

  it.each([
    [{}, 'email'],
    [{ email: 'x' }, 'email'],
    [{ email: 7 }, 'email'],
    [{ email: 'eve@localhost' }, 'email'],
    [{ email: 'eve@example.com\r\nBcc: a@example.com' }, 'email'],
    [{ email: 'eve@example.com', note: 'x'.repeat(501) }, 'note'],
    [{ email: 'eve@example.com', plan: 'pro' }, 'plan'],
    [{ email: 'eve@example.com', state: 'approved' }, 'state'],
    [{ email: 'eve@example.com', user_id: 'ada' }, 'user_id'],
  ])('with %j is refused by name', async (body, path) => {
    const answer = await ask(gateway, body)
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { code: 'invalid_request', path } },
    ])
  })

  it('is counted by address: ten within an hour, and not one more', async () => {
    const headers = anAddress()
    for (let count = 1; count <= 10; count++) {
      expect((await ask(gateway, { email: `${count}@many.example` }, headers)).status).toBe(202)
    }
    const refused = await ask(gateway, { email: 'more@many.example' }, headers)
    expect([refused.status, await refused.json()]).toMatchObject([
      429,
      { error: { code: 'address_rate_limited' } },
    ])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3000)
    expect((await ask(gateway, { email: 'more@many.example' })).status).toBe(202)
  })

  it('is counted in all', async () => {
    await using few = await startGateway({ env: { ...ON, ACCESS_REQUESTS_PER_HOUR: '2' } })
    const statuses: number[] = []
    for (const n of [1, 2, 3]) statuses.push((await ask(few, { email: `${n}@example.com` })).status)
    expect(statuses).toEqual([202, 202, 503])
  })

  it('is not there unless it is wanted', async () => {
    await using off = await startGateway()
    for (const path of ['', '/verify', '/claim']) {
      expect((await fetch(`${off.url}${PATH}${path}`, { method: 'POST' })).status).toBe(404)
      expect((await fetch(`${off.url}${PATH}${path}`)).status).toBe(404)
    }
  })

  it('may be done by a page of a known origin', async () => {
    await using open = await startGateway({ env: { ...ON, CORS_ORIGINS: 'https://app.example.com' } })
    const headers = { origin: 'https://app.example.com' }
    const preflight = await fetch(`${open.url}${PATH}`, {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    const answer = await ask(open, { email: 'eve@example.com' }, headers)
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([202, headers.origin])
  })

  it('lost its words in no answer that browsers would run', async () => {
    const notes = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "'-alert(1)-'",
      '\u202e{{7*7}}\u0000\n',
    ]
    for (const [index, note] of notes.entries()) {
      const email = `xss${index}@example.com`
      await ask(gateway, { email, note })
      const { id } = await taken(gateway, email)
      const answer = await fetch(`${gateway.adminUrl}/admin/v1/access-requests/${String(id)}`, {
        headers: { authorization: 'Bearer admin-token-of-the-tests-0123456789abcdef' },
      })
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      const shown: unknown = await answer.json()
      expect(isRecord(shown) && shown.note).toBe(note.replaceAll(/[\p{Cc}\u202e]/gu, ' ').trim())
    }
  })
})

describe('the pages behind the links', () => {
  it.each(['verify', 'claim'] as const)(
    '%s: opening it changes nothing, and it is the same for everybody',
    async (page) => {
      const secret = await aLink(`${page}@pages.example`)
      const answer = await fetch(`${gateway.url}${PATH}/${page}?secret=${secret}`, { headers: anAddress() })
      const html = await answer.text()
      expect([answer.status, html.includes(secret)]).toEqual([200, false])
      expect(html).toBe(await (await fetch(`${gateway.url}${PATH}/${page}`, { headers: anAddress() })).text())
      expect((await taken(gateway, `${page}@pages.example`)).state).toBe('approved')
      expect((await press(gateway, 'claim', secret)).status).toBe(200)
    },
  )

  it('run no script but ours, load nothing, and are neither kept nor framed', async () => {
    const answers = [
      await fetch(`${gateway.url}${PATH}/claim`, { headers: anAddress() }),
      await press(gateway, 'claim', await aLink('headers@pages.example')),
      await press(gateway, 'claim', 'wrong'),
    ]
    for (const answer of answers) {
      const { headers } = answer
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toMatch(
        /^default-src 'none';.* form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      )
      expect(policy).not.toContain('unsafe')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
      const html = await answer.text()
      for (const [, tag, text] of html.matchAll(/<(script|style)>([^<]*)</g)) {
        const hash = createHash('sha256')
          .update(text ?? '')
          .digest('base64')
        expect(policy).toContain(`${tag}-src 'sha256-${hash}'`)
      }
      expect(html).not.toMatch(/\bon[a-z]+=|javascript:|https?:\/\/(?!127\.0\.0\.1)|\bstyle=/i)
    }
  })

  it('take a whole link that was pasted', async () => {
    const secret = await aLink('pasted@pages.example')
    const answer = await press(gateway, 'claim', ` ${PUBLIC_URL}${PATH}/claim#${secret} `)
    expect(tokenIn(await answer.text())).not.toBe('')
  })

  it('know a link that was used, and one that is none', async () => {
    const secret = await aLink('used@pages.example')
    await press(gateway, 'claim', secret)
    const again = await press(gateway, 'claim', secret)
    expect([again.status, await again.text()]).toEqual([409, expect.stringContaining('used already')])
    for (const [page, wrong] of [
      ['claim', 'x'],
      ['verify', secret],
      ['verify', ''],
      ['claim', '<script>'],
    ] as const) {
      const answer = await press(gateway, page, wrong)
      const html = await answer.text()
      expect([answer.status, html.includes('not valid'), html.includes('<script>')]).toEqual([
        404,
        true,
        false,
      ])
    }
  })

  it.each<[string, Record<string, string>, number]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another host of the same site', { 'sec-fetch-site': 'same-site' }, 403],
    ['another origin', { origin: 'https://evil.example' }, 403],
    ['their own page', { 'sec-fetch-site': 'same-origin', origin: 'null' }, 200],
    ['their own page in an old browser', { origin: PUBLIC_URL }, 200],
    ['no browser', {}, 200],
  ])('take a form of %s: %j → %d', async (_, headers, status) => {
    const secret = await aLink(`csrf${++lastAddress}@pages.example`)
    expect((await press(gateway, 'claim', secret, headers)).status).toBe(status)
    // What was refused has used nothing up.
    if (status === 403) expect((await press(gateway, 'claim', secret)).status).toBe(200)
  })

  it.each([
    ['application/json', '{"secret":"x"}', 415],
    ['text/plain', 'secret=x', 415],
    ['application/x-www-form-urlencoded', `secret=${'x'.repeat(5000)}`, 413],
  ])('take no %s', async (type, body, status) => {
    const headers = { 'content-type': type, ...anAddress() }
    const answer = await fetch(`${gateway.url}${PATH}/claim`, { method: 'POST', headers, body })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
  })
})

describe('what the operator decides', () => {
  it('is in the audit log, without what is personal and without the link', async () => {
    const secret = await aLink('audit@desk.example', { name: 'Audit' })
    const log = JSON.stringify(await gateway.admin('GET', '/admin/v1/audit?limit=1000'))
    expect(log).toContain('approveAccessRequest')
    expect(log.includes(secret)).toBe(false)
    expect(log.includes('audit@desk.example')).toBe(false)
  })

  it('is refused for what nobody may say', async () => {
    await ask(gateway, { email: 'fields@desk.example' })
    const { id } = await taken(gateway, 'fields@desk.example')
    for (const [act, body] of [
      ['approve', { email: 'other@example.com' }],
      ['approve', { state: 'claimed' }],
      ['approve', { expires_in: 0 }],
      ['approve', { user: '../x' }],
      ['reject', { state: 'approved' }],
      ['resend', { link: 'x' }],
    ] as const) {
      const call = gateway.admin('POST', `/admin/v1/access-requests/${String(id)}/${act}`, body)
      await expect(call).rejects.toThrow(/: 400 /)
    }
    await gateway.admin('POST', `/admin/v1/access-requests/${String(id)}/reject`, { reason: 'no' })
    await expect(
      gateway.admin('POST', `/admin/v1/access-requests/${String(id)}/approve`, {}),
    ).rejects.toThrow(/: 409 /)
  })

  it('and what came of requests is counted', async () => {
    await aLink('count@desk.example')
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    expect(metrics).toMatch(/minimax_gateway_access_requests_total\{state="approved"\} [1-9]/)
    expect(metrics).toMatch(/minimax_gateway_access_requests_total\{state="expired"\} 0/)
    expect(metrics).toMatch(/minimax_gateway_access_requests_open [1-9]/)
  })

  it('ends with the user: what they wrote goes, too', async () => {
    const secret = await aLink('gone@desk.example', { user: 'gone' })
    await gateway.admin('DELETE', '/admin/v1/users/gone?objects=keep')
    expect(await requestsOf(gateway, 'gone@desk.example')).toEqual([])
    expect((await press(gateway, 'claim', secret)).status).toBe(404)
  })
})
