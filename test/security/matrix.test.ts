import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { ADMIN_TOKEN, isRecord } from '../helpers/gateway.ts'
import {
  CREDENTIALS,
  LIVE,
  METHODS,
  startMatrix,
  statusOf,
  type Credential,
  type Matrix,
} from './matrix-kit.ts'

let matrix: Matrix
beforeAll(async () => {
  matrix = await startMatrix()
}, 60_000)
afterAll(() => matrix[Symbol.asyncDispose]())

const EVERYBODY: readonly Credential[] = CREDENTIALS
const OWNERS: readonly Credential[] = ['owner', 'the admin token']
const OPERATORS: readonly Credential[] = ['operator', ...OWNERS]
const READERS: readonly Credential[] = ['read-only', ...OPERATORS]
const SCRAPERS: readonly Credential[] = ['the metrics token', 'metrics', ...READERS]

/** Who gets past the door of what, as the documentation has it. Whatever is not here is open to nobody. */
const ADMIN: Readonly<Record<string, readonly Credential[]>> = {
  'GET /metrics': SCRAPERS,
  'GET /readyz': EVERYBODY,
  'GET /openapi.json': READERS,
  ...everyOne(READERS, [
    'GET /admin/v1/users',
    'GET /admin/v1/users/{id}',
    'GET /admin/v1/users/{id}/tokens',
    'GET /admin/v1/users/{id}/end-users',
    'GET /admin/v1/users/{id}/limits',
    'GET /admin/v1/users/{id}/credits',
    'GET /admin/v1/users/{id}/balance',
    'GET /admin/v1/users/{id}/sources',
    'GET /admin/v1/access-requests',
    'GET /admin/v1/access-requests/{id}',
    'GET /admin/v1/tokens',
    'GET /admin/v1/tokens/{id}',
    'GET /admin/v1/tokens/{id}/limits',
    'POST /admin/v1/token-checks',
    'GET /admin/v1/plans',
    'GET /admin/v1/plans/{id}',
    'GET /admin/v1/credit-codes',
    'GET /admin/v1/requests',
    'GET /admin/v1/requests/{id}',
    'GET /admin/v1/usage',
    'GET /admin/v1/objects',
    'GET /admin/v1/incidents',
    'GET /admin/v1/incidents/{id}',
    'GET /admin/v1/exemptions',
    'GET /admin/v1/operators/me',
  ]),
  ...everyOne(OPERATORS, [
    'POST /admin/v1/users',
    'PATCH /admin/v1/users/{id}',
    'DELETE /admin/v1/users/{id}',
    'GET /admin/v1/users/{id}/callback-secret',
    'POST /admin/v1/users/{id}/tokens',
    'POST /admin/v1/users/{id}/session-tokens',
    'POST /admin/v1/users/{id}/end-users/{end_user}/suspend',
    'POST /admin/v1/users/{id}/end-users/{end_user}/reinstate',
    'POST /admin/v1/users/{id}/credits',
    'DELETE /admin/v1/users/{id}/objects',
    'POST /admin/v1/access-requests/{id}/approve',
    'POST /admin/v1/access-requests/{id}/resend',
    'POST /admin/v1/access-requests/{id}/reject',
    'PATCH /admin/v1/tokens/{id}',
    'DELETE /admin/v1/tokens/{id}',
    'POST /admin/v1/tokens/{id}/rotate',
    'POST /admin/v1/plans',
    'PATCH /admin/v1/plans/{id}',
    'DELETE /admin/v1/plans/{id}',
    'POST /admin/v1/credit-codes',
    'DELETE /admin/v1/credit-codes/{id}',
    'POST /admin/v1/incidents/{id}/dismiss',
    'POST /admin/v1/incidents/{id}/rotate',
    'POST /admin/v1/exemptions',
    'DELETE /admin/v1/exemptions/{id}',
  ]),
  ...everyOne(OWNERS, [
    'POST /admin/v1/operators',
    'GET /admin/v1/operators',
    'DELETE /admin/v1/operators/{id}',
    'POST /admin/v1/operators/{id}/rotate',
    'GET /admin/v1/audit',
    'GET /admin/v1/upstream-keys',
    'POST /admin/v1/upstream-keys',
    'POST /admin/v1/upstream-keys/reseal',
    'PATCH /admin/v1/upstream-keys/{name}',
    'POST /admin/v1/upstream-keys/{name}/rotate',
    'DELETE /admin/v1/upstream-keys/{name}',
  ]),
}

const PUBLIC: Readonly<Record<string, readonly Credential[]>> = {
  'GET /livez': EVERYBODY,
  'GET /gateway/v1/me': LIVE,
  'GET /gateway/v1/usage': LIVE,
  // What is worth money for the whole user is not for a page that one of their end users has open.
  'POST /gateway/v1/redemptions': ['a token', 'a JWT'],
  'POST /gateway/v1/session-tokens': ['a token'],
  'POST /gateway/v1/access-requests': EVERYBODY,
  ...everyOne(
    LIVE,
    OPERATIONS.map(({ method, path }) => `${method} ${path}`),
  ),
}

function everyOne(
  who: readonly Credential[],
  calls: readonly string[],
): Record<string, readonly Credential[]> {
  return Object.fromEntries(calls.map((call) => [call, who]))
}

/** Parameters filled with something that is nowhere: a change that gets through changes nothing. */
const filled = (path: string): string => path.replaceAll(/\{[^}]+\}/g, 'nowhere')

/** Not at the door: what lies behind it may say that there is no such thing, or that the request is wrong. */
const BEHIND = (status: number): boolean => ![0, 401, 403, 405].includes(status)

/** Every path of a table with every method: those that the table does not name too. */
function* callsOf(
  table: typeof ADMIN,
): Generator<readonly [method: string, path: string, who: readonly Credential[]]> {
  const paths = new Set(Object.keys(table).map((call) => call.split(' ')[1] ?? ''))
  for (const path of paths)
    for (const method of METHODS) yield [method, path, table[`${method} ${path}`] ?? []]
}

describe("on the operator's listener", () => {
  it.each(CREDENTIALS)(
    '%s gets where it is documented to, by the documented methods, and nowhere else',
    async (name) => {
      const { gateway, credentials } = matrix
      for (const [method, path, who] of callsOf(ADMIN)) {
        const status = await statusOf(gateway.adminUrl, method, filled(path), credentials[name])
        const what = `${method} ${path} as ${name}: ${status}`
        if (who.includes(name)) expect(BEHIND(status), what).toBe(true)
        else if (READERS.includes(name) || name === 'metrics')
          expect([400, 403, 404, 405, 501], what).toContain(status)
        else expect([400, 401, 404, 405, 501], what).toContain(status)
      }
    },
    60_000,
  )

  it('there are no calls but those of this table', async () => {
    const answer = await fetch(`${matrix.gateway.adminUrl}/openapi.json`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    })
    const document: unknown = await answer.json()
    const paths = isRecord(document) && isRecord(document.paths) ? Object.entries(document.paths) : []
    const calls = paths.flatMap(([path, found]) =>
      Object.keys(isRecord(found) ? found : {}).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const apart = new Set(['GET /metrics', 'GET /readyz', 'GET /openapi.json'])
    expect(calls.sort()).toEqual(
      Object.keys(ADMIN)
        .filter((call) => !apart.has(call))
        .sort(),
    )
  })
})

describe('on the public listener', () => {
  it.each(CREDENTIALS)(
    '%s gets where it is documented to, by the documented methods, and nowhere else',
    async (name) => {
      const { gateway, credentials } = matrix
      for (const [method, path, who] of callsOf(PUBLIC)) {
        const status = await statusOf(gateway.url, method, filled(path), credentials[name])
        const what = `${method} ${path} as ${name}: ${status}`
        if (who.includes(name)) expect(BEHIND(status), what).toBe(true)
        else expect([400, 401, 403, 404, 405, 426], what).toContain(status)
      }
    },
    60_000,
  )
})
