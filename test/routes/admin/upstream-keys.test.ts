import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, post } from '../../helpers/calls.ts'
import { sharedGateway } from '../../helpers/shared.ts'
import { ADMIN_TOKEN, isRecord, MASTER_KEY, startGateway, type TestGateway } from '../../helpers/gateway.ts'

const SECOND = `${MASTER_KEY}-second`
const PATH = '/admin/v1/upstream-keys'
const anyText: unknown = expect.any(String)
const saying = (text: string): unknown => expect.stringContaining(text)
const aFingerprint: unknown = expect.stringMatching(/^[0-9a-f]{8}$/)
const SEALING = { KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') }

async function call(gateway: TestGateway, method: string, path: string, body?: object) {
  const answer = await fetch(`${gateway.adminUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  expect(text).not.toContain(MASTER_KEY)
  return { status: answer.status, body: JSON.parse(text) as unknown }
}

async function listed(gateway: TestGateway): Promise<Record<string, unknown>[]> {
  const { body } = await call(gateway, 'GET', PATH)
  const items: unknown = isRecord(body) ? body.items : undefined
  return Array.isArray(items) ? items.filter(isRecord) : []
}

/** With which keys MiniMax was called, in turn. */
function sentWith(gateway: TestGateway): (string | undefined)[] {
  return gateway.emulator.requests
    .filter(({ operation }) => operation === 'chat.openai')
    .map(({ headers }) => headers.authorization?.replace('Bearer ', ''))
}

async function chats(gateway: TestGateway, token: string, count: number): Promise<number[]> {
  const statuses: number[] = []
  for (let at = 0; at < count; at++) {
    const answer = await post(gateway.url, token, CHAT_PATH, chat())
    await answer.text()
    statuses.push(answer.status)
  }
  return statuses
}

describe('upstream keys of the settings', () => {
  it('are listed without the keys', async () => {
    await using gateway = await startGateway()
    expect(await listed(gateway)).toEqual([
      {
        name: 'default',
        account: 'default',
        weight: 1,
        source: 'setting',
        state: 'usable',
        since: anyText,
        spent_for: null,
        inflight: 0,
        last_codes: [],
        fingerprint: aFingerprint,
      },
    ])
  })

  it('can be taken out of use and back, and that outlives a change of the others', async () => {
    await using gateway = await startGateway({ env: SEALING })
    const { token } = await gateway.token()
    expect(await call(gateway, 'PATCH', `${PATH}/default`, { disabled: true })).toMatchObject({
      status: 200,
      body: { state: 'disabled' },
    })
    expect(await chats(gateway, token, 1)).toEqual([503])
    await call(gateway, 'POST', PATH, { name: 'spare', key: SECOND })
    expect(await chats(gateway, token, 2)).toEqual([200, 200])
    expect(new Set(sentWith(gateway))).toEqual(new Set([SECOND]))
    expect(await call(gateway, 'PATCH', `${PATH}/default`, { disabled: false })).toMatchObject({
      body: { state: 'usable' },
    })
    expect(await chats(gateway, token, 2)).toEqual([200, 200])
    expect(new Set(sentWith(gateway))).toEqual(new Set([SECOND, MASTER_KEY]))
  })
})

describe('upstream keys that are added', () => {
  it('need a key to be sealed with', async () => {
    await using gateway = await startGateway()
    expect(await call(gateway, 'POST', PATH, { name: 'spare', key: SECOND })).toMatchObject({
      status: 409,
      body: { error: { message: saying('KEY_ENCRYPTION_KEY') } },
    })
  })

  it('are used at once, exchanged, weighed and removed, and are nowhere in clear', async () => {
    await using gateway = await startGateway({ env: SEALING })
    const { token } = await gateway.token()
    const added = await call(gateway, 'POST', PATH, {
      name: 'spare',
      account: 'acme',
      weight: 2,
      key: 'sk-wrong-one-0123456789',
    })
    expect(added).toMatchObject({ status: 201, body: { account: 'acme', weight: 2, source: 'stored' } })
    expect(await call(gateway, 'POST', `${PATH}/spare/rotate`, { key: SECOND })).toMatchObject({
      status: 200,
    })
    expect(await chats(gateway, token, 6)).toEqual([200, 200, 200, 200, 200, 200])
    expect(sentWith(gateway).filter((key) => key === SECOND)).toHaveLength(4)
    expect(await call(gateway, 'PATCH', `${PATH}/spare`, { weight: 5 })).toMatchObject({
      body: { weight: 5 },
    })
    const database = ['gateway.db', 'gateway.db-wal']
      .map((name) => readFileSync(join(gateway.dataDir, name), 'latin1'))
      .join('')
    for (const text of [MASTER_KEY, 'sk-wrong-one']) {
      expect(database).not.toContain(text)
      expect(gateway.logLines.join('')).not.toContain(text)
    }
    const audit = JSON.stringify(await gateway.admin('GET', '/admin/v1/audit'))
    expect(audit).toContain('upstream key spare')
    expect(audit).not.toContain(MASTER_KEY)
    expect(await call(gateway, 'DELETE', `${PATH}/spare`)).toMatchObject({ status: 200 })
    expect((await listed(gateway)).map(({ name }) => name)).toEqual(['default'])
    expect(await call(gateway, 'DELETE', `${PATH}/spare`)).toMatchObject({ status: 404 })
  })
})

describe('a change of upstream keys', () => {
  const shared = sharedGateway({ env: SEALING })

  it.each([
    ['PATCH', `${PATH}/default`, { weight: 3 }],
    ['POST', `${PATH}/default/rotate`, { key: SECOND }],
    ['DELETE', `${PATH}/default`, undefined],
  ])('are changed where they are: %s %s is refused, with what to do', async (method, path, body) => {
    const { gateway } = shared()
    expect(await call(gateway, method, path, body)).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict', message: saying('MINIMAX_API_KEYS') } },
    })
  })

  it.each([
    [{ name: 'default', key: SECOND }, 409, 'name'],
    [{ name: 'Upper', key: SECOND }, 400, 'name'],
    [{ name: 'spare', key: 'two words' }, 400, 'key'],
    [{ name: 'spare', key: 'Bearer x' }, 400, 'key'],
    [{ name: 'spare', key: SECOND, weight: 101 }, 400, 'weight'],
    [{ name: 'spare', key: SECOND, account: 'A' }, 400, 'account'],
    [{ name: 'spare', key: SECOND, sealed: 'x' }, 400, 'sealed'],
  ])('are refused when they are not right (%#)', async (body, status, path) => {
    const { gateway } = shared()
    const answer = await call(gateway, 'POST', PATH, body)
    expect(answer).toMatchObject({ status, body: { error: { path } } })
    expect(JSON.stringify(answer)).not.toContain('two words')
  })
})
