import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { isRecord, type TestGateway } from '../../helpers/gateway.ts'

/** One good change through the admin API, and what the audit log is to have of it. */
export interface AuditCase {
  readonly method: string
  readonly path: string
  readonly body?: object
  /** A pattern. */
  readonly target: RegExp
  /** What is expected of the entry; null: nothing there. */
  readonly before: object | null
  readonly after: object | null
  /** Where the change cannot be brought about here. Done unless said. */
  readonly outcome?: 'refused'
}

type Prepare = (gateway: TestGateway) => Promise<AuditCase> | AuditCase

/** Settings with which every route is there and works. */
export const ENV = {
  ACCESS_REQUESTS: 'on',
  PUBLIC_URL: 'https://gateway.example.com',
  KEY_ENCRYPTION_KEY: 'ab'.repeat(32),
}

const ADA = '/admin/v1/users/ada'

function idOf(answer: Readonly<Record<string, unknown>>): string {
  if (typeof answer.id !== 'string') throw new TypeError('the answer has no id')
  return answer.id
}

/** Makes the user `ada`. */
async function ada(gateway: TestGateway): Promise<void> {
  await gateway.admin('POST', '/admin/v1/users', { id: 'ada', name: 'Ada' })
}

async function aToken(gateway: TestGateway): Promise<{ id: string; token: string }> {
  await ada(gateway)
  const { id, token } = await gateway.admin('POST', `${ADA}/tokens`, { name: 'ci' })
  return { id: String(id), token: String(token) }
}

/** An incident about a token of ada's, as detection would have written it. */
async function anIncident(gateway: TestGateway): Promise<string> {
  const { id: tokenId } = await aToken(gateway)
  const database = new DatabaseSync(join(gateway.dataDir, 'gateway.db'))
  database
    .prepare(
      `insert into incidents (id, token_id, user_id, state, signal, response, would_be, score, evidence, strikes, opened_at, updated_at)
       values ('inc_1', ?, 'ada', 'open', 'distinct_sources', 'notify', 'notify', 0.5, '[]', 0, 1000, 1000)`,
    )
    .run(tokenId)
  database.close()
  return 'inc_1'
}

async function anExemption(gateway: TestGateway): Promise<string> {
  await ada(gateway)
  const body = { user: 'ada', reason: 'a crawl', expires_in: '1h' }
  return idOf(await gateway.admin('POST', '/admin/v1/exemptions', body))
}

async function anOperator(gateway: TestGateway): Promise<string> {
  return idOf(await gateway.admin('POST', '/admin/v1/operators', { name: 'Ann', role: 'operator' }))
}

async function aKey(gateway: TestGateway): Promise<string> {
  await gateway.admin('POST', '/admin/v1/upstream-keys', { name: 'spare', key: 'sk-needle-of-a-key-0001' })
  return 'spare'
}

async function anAccessRequest(gateway: TestGateway): Promise<string> {
  await fetch(`${gateway.url}/gateway/v1/access-requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'eve@example.com', note: 'please' }),
  })
  // It is taken in after the answer, which must tell nothing.
  for (const end = performance.now() + 5_000; performance.now() < end;) {
    const { items } = await gateway.admin('GET', '/admin/v1/access-requests')
    const first: unknown = Array.isArray(items) ? items[0] : undefined
    if (isRecord(first)) return idOf(first)
  }
  throw new Error('the request for access was not taken in')
}

/** By the operationId of a route: how it is called well, and what it leaves in the log. */
export const AUDIT_CASES: Readonly<Record<string, Prepare>> = {
  addUser: () => ({
    method: 'POST',
    path: '/admin/v1/users',
    body: { name: 'Bob' },
    target: /^user u/,
    before: null,
    after: { name: 'Bob', status: 'active' },
  }),
  changeUser: async (gateway) => {
    await ada(gateway)
    const change = { status: 'suspended', multiplier: '0.4' }
    const before = { status: 'active', multiplier: null }
    return { method: 'PATCH', path: ADA, body: change, target: /^user ada$/, before, after: change }
  },
  deleteUser: async (gateway) => {
    await ada(gateway)
    const path = `${ADA}?objects=keep`
    return { method: 'DELETE', path, target: /^user ada$/, before: { id: 'ada' }, after: null }
  },
  deleteObjectsOfUser: async (gateway) => {
    await ada(gateway)
    const after = { removed: 0, forgotten: 0, failed: [] }
    return { method: 'DELETE', path: `${ADA}/objects`, target: /^objects of user ada$/, before: null, after }
  },
  getCallbackSecret: async (gateway) => {
    await ada(gateway)
    const target = /^callback secret of user ada$/
    return { method: 'GET', path: `${ADA}/callback-secret`, target, before: null, after: null }
  },
  createToken: async (gateway) => {
    await ada(gateway)
    const after = { user_id: 'ada', name: 'ci', operations: ['chat.*'] }
    const body = { name: 'ci', operations: ['chat.*'] }
    const target = /^token [0-9A-Za-z]{12}$/
    return { method: 'POST', path: `${ADA}/tokens`, body, target, before: null, after }
  },
  changeToken: async (gateway) => {
    const { id } = await aToken(gateway)
    const path = `/admin/v1/tokens/${id}`
    const target = new RegExp(`^token ${id}$`)
    return {
      method: 'PATCH',
      path,
      body: { name: 'web' },
      target,
      before: { name: 'ci' },
      after: { name: 'web' },
    }
  },
  revokeToken: async (gateway) => {
    const { id } = await aToken(gateway)
    const [before, after] = [{ status: 'active' }, { status: 'revoked' }]
    return { method: 'DELETE', path: `/admin/v1/tokens/${id}`, target: /^token /, before, after }
  },
  rotateToken: async (gateway) => {
    const { id } = await aToken(gateway)
    const path = `/admin/v1/tokens/${id}/rotate`
    const body = { grace: '1h' }
    return {
      method: 'POST',
      path,
      body,
      target: new RegExp(`^token ${id}$`),
      before: { replaced_by: null },
      after: {},
    }
  },
  checkToken: async (gateway) => {
    const { id, token } = await aToken(gateway)
    const target = new RegExp(`^token ${id}$`)
    return {
      method: 'POST',
      path: '/admin/v1/token-checks',
      body: { token },
      target,
      before: null,
      after: null,
    }
  },
  createSessionToken: async (gateway) => {
    const { id } = await aToken(gateway)
    const body = { token: id, expires_in: '5m' }
    const target = /^session/
    return { method: 'POST', path: `${ADA}/session-tokens`, body, target, before: null, after: {} }
  },
  suspendEndUser: async (gateway) => {
    await ada(gateway)
    const path = `${ADA}/end-users/eve/suspend`
    return { method: 'POST', path, body: {}, target: /^end user ada\/eve$/, before: null, after: {} }
  },
  reinstateEndUser: async (gateway) => {
    await ada(gateway)
    await gateway.admin('POST', `${ADA}/end-users/eve/suspend`, {})
    const path = `${ADA}/end-users/eve/reinstate`
    return { method: 'POST', path, body: {}, target: /^end user ada\/eve$/, before: {}, after: null }
  },
  addPlan: () => {
    const body = { id: 'free', multiplier: '0.5' }
    return { method: 'POST', path: '/admin/v1/plans', body, target: /^plan free$/, before: null, after: body }
  },
  changePlan: async (gateway) => {
    await gateway.admin('POST', '/admin/v1/plans', { id: 'free' })
    const [before, body] = [{ multiplier: null }, { multiplier: '0.5' }]
    return { method: 'PATCH', path: '/admin/v1/plans/free', body, target: /^plan free$/, before, after: body }
  },
  removePlan: async (gateway) => {
    await gateway.admin('POST', '/admin/v1/plans', { id: 'free' })
    return {
      method: 'DELETE',
      path: '/admin/v1/plans/free',
      target: /^plan/,
      before: { id: 'free' },
      after: null,
    }
  },
  addCredit: async (gateway) => {
    await ada(gateway)
    const body = { amount: '5', reason: 'order 1' }
    const after = { user_id: 'ada', amount: '5', reason: 'order 1', balance: '5' }
    return {
      method: 'POST',
      path: `${ADA}/credits`,
      body,
      target: /^credit of user ada$/,
      before: null,
      after,
    }
  },
  createCreditCodes: () => {
    const body = { amount: '1', count: 2 }
    const after = { codes: [{ amount: '1' }, { amount: '1' }] }
    return {
      method: 'POST',
      path: '/admin/v1/credit-codes',
      body,
      target: /^credit codes$/,
      before: null,
      after,
    }
  },
  revokeCreditCode: async (gateway) => {
    await gateway.admin('POST', '/admin/v1/credit-codes', { amount: '1' })
    const { items } = await gateway.admin('GET', '/admin/v1/credit-codes')
    const first: unknown = Array.isArray(items) ? items[0] : undefined
    const id = idOf(isRecord(first) ? first : {})
    const path = `/admin/v1/credit-codes/${id}`
    return {
      method: 'DELETE',
      path,
      target: /^credit code \w{4}-\w{4}$/,
      before: null,
      after: { status: 'revoked' },
    }
  },
  dismissIncident: async (gateway) => {
    const path = `/admin/v1/incidents/${await anIncident(gateway)}/dismiss`
    const [before, after] = [{ state: 'open' }, { state: 'dismissed' }]
    return { method: 'POST', path, body: { reason: 'a test' }, target: /^incident inc_1$/, before, after }
  },
  rotateTokenOfIncident: async (gateway) => {
    const path = `/admin/v1/incidents/${await anIncident(gateway)}/rotate`
    const [before, after] = [{ state: 'open' }, { state: 'closed' }]
    return { method: 'POST', path, body: {}, target: /^incident inc_1$/, before, after }
  },
  addExemption: async (gateway) => {
    await ada(gateway)
    const body = { user: 'ada', reason: 'a crawl', expires_in: '1h' }
    const after = { user: 'ada', reason: 'a crawl' }
    return {
      method: 'POST',
      path: '/admin/v1/exemptions',
      body,
      target: /^exemption exm_/,
      before: null,
      after,
    }
  },
  removeExemption: async (gateway) => {
    const path = `/admin/v1/exemptions/${await anExemption(gateway)}`
    return { method: 'DELETE', path, target: /^exemption exm_/, before: { user: 'ada' }, after: null }
  },
  createOperator: () => {
    const body = { name: 'Ann', role: 'read-only', cidrs: ['10.0.0.0/8'] }
    const target = /^operator [0-9A-Za-z]{12}$/
    return { method: 'POST', path: '/admin/v1/operators', body, target, before: null, after: body }
  },
  revokeOperator: async (gateway) => {
    const path = `/admin/v1/operators/${await anOperator(gateway)}`
    const [before, after] = [{ status: 'active' }, { status: 'revoked' }]
    return { method: 'DELETE', path, target: /^operator /, before, after }
  },
  rotateOperator: async (gateway) => {
    const path = `/admin/v1/operators/${await anOperator(gateway)}/rotate`
    return { method: 'POST', path, body: {}, target: /^operator /, before: { replaced_by: null }, after: {} }
  },
  addUpstreamKey: () => {
    const body = { name: 'spare', account: 'main', weight: 2, key: 'sk-needle-of-a-key-0001' }
    const after = { name: 'spare', account: 'main', weight: 2, source: 'stored' }
    return {
      method: 'POST',
      path: '/admin/v1/upstream-keys',
      body,
      target: /^upstream key spare$/,
      before: null,
      after,
    }
  },
  changeUpstreamKey: async (gateway) => {
    const path = `/admin/v1/upstream-keys/${await aKey(gateway)}`
    const [before, body] = [{ weight: 1 }, { weight: 3 }]
    return { method: 'PATCH', path, body, target: /^upstream key spare$/, before, after: body }
  },
  rotateUpstreamKey: async (gateway) => {
    const path = `/admin/v1/upstream-keys/${await aKey(gateway)}/rotate`
    const body = { key: 'sk-needle-of-a-key-0002' }
    return { method: 'POST', path, body, target: /^upstream key spare$/, before: {}, after: {} }
  },
  removeUpstreamKey: async (gateway) => {
    const path = `/admin/v1/upstream-keys/${await aKey(gateway)}`
    return { method: 'DELETE', path, target: /^upstream key spare$/, before: { name: 'spare' }, after: null }
  },
  resealUpstreamKeys: () => ({
    method: 'POST',
    path: '/admin/v1/upstream-keys/reseal',
    body: {},
    target: /^upstream keys$/,
    before: null,
    after: null,
  }),
  approveAccessRequest: async (gateway) => {
    const path = `/admin/v1/access-requests/${await anAccessRequest(gateway)}/approve`
    const after = { state: 'approved' }
    return { method: 'POST', path, body: { user: 'eve' }, target: /^access request acr_/, before: {}, after }
  },
  resendAccessLink: async (gateway) => {
    const id = await anAccessRequest(gateway)
    await gateway.admin('POST', `/admin/v1/access-requests/${id}/approve`, { user: 'eve' })
    const path = `/admin/v1/access-requests/${id}/resend`
    return { method: 'POST', path, body: {}, target: /^access request acr_/, before: {}, after: {} }
  },
  rejectAccessRequest: async (gateway) => {
    const path = `/admin/v1/access-requests/${await anAccessRequest(gateway)}/reject`
    const body = { reason: 'nobody we know' }
    return {
      method: 'POST',
      path,
      body,
      target: /^access request acr_/,
      before: {},
      after: { state: 'rejected' },
    }
  },
}
