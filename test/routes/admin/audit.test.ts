import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, isRecord, startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { AUDIT_CASES, ENV } from './audit-cases.ts'

let gateway: TestGateway | undefined
afterEach(() => gateway?.close())

async function started(): Promise<TestGateway> {
  gateway = await startGateway({ env: ENV })
  return gateway
}

/** The newest entry of the log. */
async function newest(world: TestGateway): Promise<Record<string, unknown>> {
  const { items } = await world.admin('GET', '/admin/v1/audit?limit=1')
  const entry: unknown = Array.isArray(items) ? items[0] : undefined
  return isRecord(entry) ? entry : {}
}

/** The texts of an answer that open something, each whole. */
function secretsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(secretsIn)
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([name, field]) =>
    typeof field === 'string' &&
    /^(?:token|code|secret|link|key)$/.test(name) &&
    !/^[0-9A-Za-z]{12}$/.test(field)
      ? [field]
      : secretsIn(field),
  )
}

/** What of a secret must be nowhere: the part that is not its public id. */
function needleOf(secret: string): string {
  return secret.slice(-20)
}

describe('the audit log', () => {
  it('has a case for every route that has an audit rule, and every route that changes something has one', async () => {
    const { adminUrl } = await started()
    const answer = await fetch(`${adminUrl}/openapi.json`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    })
    const document: unknown = await answer.json()
    const paths = isRecord(document) && isRecord(document.paths) ? Object.values(document.paths) : []
    const calls = paths
      .filter(isRecord)
      .flatMap((path) => Object.entries(path))
      .filter(([method]) => method !== 'get')
      .map(([, call]) => (isRecord(call) ? String(call.operationId) : ''))
    expect([...calls, 'getCallbackSecret'].sort()).toEqual(Object.keys(AUDIT_CASES).sort())
  })

  it.each(Object.entries(AUDIT_CASES))(
    'has %s, before and after, and no secret of it',
    async (action, prepare) => {
      const world = await started()
      const { method, path, body, target, before, after } = await prepare(world)
      const answer = await world.admin(method, path, body)
      const entry = await newest(world)
      expect(entry).toMatchObject({
        action,
        method,
        operator: 'owner',
        name: 'owner',
        role: 'owner',
        address: '127.0.0.1',
        target: expect.stringMatching(target) as string,
        outcome: 'done',
        error: null,
        before,
        after,
      })
      const secrets = [...secretsIn(answer), ...secretsIn(body)]
      const database = readFileSync(join(world.dataDir, 'gateway.db-wal')).toString('latin1')
      for (const secret of secrets) {
        expect(JSON.stringify(entry)).not.toContain(needleOf(secret))
        expect(database).not.toContain(needleOf(secret))
      }
    },
  )
})
