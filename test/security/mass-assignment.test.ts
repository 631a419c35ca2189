import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { AUDIT_CASES, ENV } from '../routes/admin/audit-cases.ts'

let gateway: TestGateway | undefined
afterEach(() => gateway?.close())

async function started(): Promise<TestGateway> {
  gateway = await startGateway({ env: ENV })
  return gateway
}

/** Fields of no table that a program of such a kind may have or has had, and those by which prototypes are reached. */
const MORE_FIELDS = [
  ...[
    'admin',
    'is_admin',
    'isAdmin',
    'owner',
    'owner_id',
    'scope',
    'scopes',
    'permissions',
    'groups',
    'org_id',
  ],
  ...[
    'balance',
    'price',
    'credits',
    'quota',
    'max_budget',
    'spend',
    'unlimited',
    'verified',
    'email_verified',
  ],
  ...[
    'password',
    'secret',
    'token',
    'api_key',
    'token_hash',
    'grace',
    'cidrs',
    'expires_in',
    'count',
    'amount',
  ],
  ...['userId', 'tokenId', 'createdAt', 'expiresAt', 'endUserLimits', 'Name', 'NAME', 'name '],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '$ref', 'operator', 'address'],
]

/** Tables that change by the mere fact that somebody asks. */
const MOVING = new Set(['audit_log', 'heartbeats', 'sqlite_sequence'])

function opened({ dataDir }: TestGateway): DatabaseSync {
  return new DatabaseSync(join(dataDir, 'gateway.db'), { readOnly: true })
}

function tablesOf(database: DatabaseSync): string[] {
  return database
    .prepare(`select name from sqlite_schema where type = 'table'`)
    .all()
    .map(({ name }) => String(name))
}

/** Every row of every table. */
function everything(world: TestGateway): string {
  const database = opened(world)
  const rows = tablesOf(database)
    .filter((name) => !MOVING.has(name))
    .map((name) => {
      const statement = database.prepare(`select * from "${name}"`)
      statement.setReadBigInts(true)
      return [name, statement.all()]
    })
  database.close()
  return JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

/** The columns of all tables, and the fields of all answers that are not columns. */
function fieldNames(world: TestGateway): string[] {
  const database = opened(world)
  const columns = tablesOf(database).flatMap((table) =>
    database
      .prepare(`select name from pragma_table_info('${table}')`)
      .all()
      .map(({ name }) => String(name)),
  )
  database.close()
  return [...new Set([...columns, ...MORE_FIELDS])]
}

/** The fields that a call of the admin API is documented to take in its body and its query. */
async function documented({ adminUrl }: TestGateway, action: string) {
  const answer = await fetch(`${adminUrl}/openapi.json`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const found: { body: Set<string>; query: Set<string> } = { body: new Set(), query: new Set() }
  const visit = (value: unknown): void => {
    if (!isRecord(value)) return
    if (value.operationId !== action) {
      for (const one of Object.values(value)) visit(one)
      return
    }
    for (const name of Object.keys(propertiesIn(value.requestBody))) found.body.add(name)
    const parameters: unknown[] = Array.isArray(value.parameters) ? value.parameters : []
    for (const one of parameters) if (isRecord(one) && one.in === 'query') found.query.add(String(one.name))
  }
  visit(await answer.json())
  return found
}

/** The properties of the schema of a body, which stands at the same place in every description. */
function propertiesIn(body: unknown): Record<string, unknown> {
  const steps = ['content', 'application/json', 'schema', 'properties']
  let value: unknown = body
  for (const step of steps) value = isRecord(value) ? value[step] : undefined
  return isRecord(value) ? value : {}
}

/** JSON in which a field is really called `__proto__`. */
function bodyWith(valid: object, field: string): string {
  const text = JSON.stringify(valid)
  const added = `${JSON.stringify(field)}:"owner"`
  return text === '{}' ? `{${added}}` : `${text.slice(0, -1)},${added}}`
}

interface Refused {
  readonly status: number
  readonly path: unknown
}

async function refusalOf(url: string, method: string, token: string, body?: string): Promise<Refused> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  })
  const value: unknown = await answer.json()
  return {
    status: answer.status,
    path: isRecord(value) && isRecord(value.error) ? value.error.path : undefined,
  }
}

/** What the JSON parser itself refuses, before anybody looks at names. */
const isPoison = (field: string): boolean => field === '__proto__' || field === 'constructor'

/** Some at a time, so that the test does not wait for each by itself. */
async function eachOf(fields: readonly string[], work: (field: string) => Promise<void>): Promise<void> {
  for (let at = 0; at < fields.length; at += 16) await Promise.all(fields.slice(at, at + 16).map(work))
}

const WRITES = Object.entries(AUDIT_CASES).filter(([action]) => action !== 'getCallbackSecret')

describe('a change through the admin API', () => {
  it.each(WRITES)(
    'by %s refuses every field that it does not know, by name, and changes nothing',
    async (action, prepare) => {
      const world = await started()
      const { method, path, body = {} } = await prepare(world)
      const { body: known, query } = await documented(world, action)
      for (const name of Object.keys(body)) expect(known).toContain(name)
      const before = everything(world)
      const fields = fieldNames(world)
      await eachOf(
        fields.filter((field) => !known.has(field)),
        async (field) => {
          const refused = await refusalOf(world.adminUrl + path, method, ADMIN_TOKEN, bodyWith(body, field))
          const expected = isPoison(field) ? { status: 400 } : { status: 400, path: field }
          expect(refused, field).toMatchObject(expected)
        },
      )
      const strange = fields.filter((field) => !query.has(field) && !isPoison(field))
      await eachOf(strange.slice(0, 20), async (field) => {
        const mark = path.includes('?') ? '&' : '?'
        const url = `${world.adminUrl}${path}${mark}${encodeURIComponent(field)}=owner`
        const sent = method === 'DELETE' ? undefined : JSON.stringify(body)
        expect(await refusalOf(url, method, ADMIN_TOKEN, sent), `?${field}`).toMatchObject({
          status: 400,
          path: field,
        })
      })
      expect(everything(world)).toBe(before)
    },
    60_000,
  )
})

/** The changes on the public listener that take fields, with a call of each that would be right. */
const PUBLIC: readonly (readonly [path: string, valid: object, known: readonly string[]])[] = [
  ['/gateway/v1/redemptions', { code: 'MMGC-0000-0000-0000-0000-0000' }, ['code']],
  [
    '/gateway/v1/session-tokens',
    {},
    [
      'sub',
      'expires_in',
      'operations',
      'models',
      'origins',
      'cidrs',
      'limits',
      'max_spend',
      'max_calls',
      'concurrency',
    ],
  ],
  ['/gateway/v1/access-requests', { email: 'eve@example.com' }, ['email', 'note']],
]

describe('a change on the public listener', () => {
  it.each(PUBLIC)(
    'at %s refuses every field that it does not know, by name, and changes nothing',
    async (path, valid, known) => {
      const world = await started()
      const { token } = await world.token()
      await refusalOf(world.url + path, 'POST', token, bodyWith(valid, 'role'))
      const before = everything(world)
      const fields = fieldNames(world).filter((field) => !known.includes(field))
      await eachOf(fields, async (field) => {
        const { status, path: named } = await refusalOf(
          world.url + path,
          'POST',
          token,
          bodyWith(valid, field),
        )
        // Whoever asks for access is counted by address, before anything is read.
        if (status === 429) return
        expect(status, field).toBe(400)
        if (!isPoison(field)) expect(named).toBe(field)
      })
      expect(withoutUse(everything(world))).toBe(withoutUse(before))
    },
    60_000,
  )
})

/** When a token was last used changes by its use. */
function withoutUse(rows: string): string {
  return rows.replaceAll(/"last_used_(?:at|address)":(?:"[^"]*"|null)/g, '')
}
