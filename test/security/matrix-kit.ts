import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ADMIN_TOKEN, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { startIdentityProvider } from '../helpers/identity-provider.ts'
import { requestText } from '../helpers/wire.ts'
import { ENV } from '../routes/admin/audit-cases.ts'

/** Every kind of credential that there is, the broken and the ended ones too. */
export const CREDENTIALS = [
  'nothing',
  'garbage',
  'a token whose checksum is wrong',
  'a revoked token',
  'an expired token',
  'a token of a suspended user',
  'a token',
  'a session',
  'a session of an end user',
  'a session whose token was revoked',
  'a JWT',
  'a JWT of an end user',
  'an expired JWT',
  'the metrics token',
  'metrics',
  'read-only',
  'operator',
  'owner',
  'a revoked owner',
  'the admin token',
] as const

export type Credential = (typeof CREDENTIALS)[number]

/** Credentials of users that live. */
export const LIVE: readonly Credential[] = [
  'a token',
  'a session',
  'a session of an end user',
  'a JWT',
  'a JWT of an end user',
]

/** What each method is tried as: those of HTTP, and one that is made up. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'FROB'] as const

export interface Matrix extends AsyncDisposable {
  readonly gateway: TestGateway
  /** '' for none. */
  readonly credentials: Readonly<Record<Credential, string>>
}

const METRICS_TOKEN = 'metrics-token-of-the-tests-0123456789'

async function made(
  gateway: TestGateway,
  path: string,
  body: object,
): Promise<{ id: string; token: string }> {
  const { id, token } = await gateway.admin('POST', path, body)
  if (typeof token !== 'string') throw new TypeError(`${path} made no token`)
  return { id: String(id), token }
}

/** A gateway with everything switched on, and one credential of every kind. */
export async function startMatrix(): Promise<Matrix> {
  const [provider, apps] = await Promise.all([startIdentityProvider(), startIdentityProvider()])
  const terms = { audience: 'gateway', create_users: true, plan: 'free' }
  const issuers = [
    { name: 'acme', issuer: provider.issuer, ...terms },
    { name: 'apps', issuer: apps.issuer, end_user_claim: 'uid', ...terms },
  ]
  const gateway = await startGateway({
    env: { ...ENV, METRICS_TOKEN, JWT_ISSUERS: JSON.stringify(issuers) },
  })
  const admin = '/admin/v1'
  const operator = (role: string) => made(gateway, `${admin}/operators`, { name: role, role })
  const session = (token: string, rules: object = {}) =>
    made(gateway, `${admin}/users/user-1/session-tokens`, { token, ...rules })
  await gateway.admin('POST', `${admin}/plans`, { id: 'free' })
  const alive = await gateway.token()
  const ended = await gateway.token()
  const orphan = await session(ended.id)
  await gateway.admin('DELETE', `${admin}/tokens/${ended.id}`)
  const suspended = await gateway.token({}, 'user-2')
  await gateway.admin('PATCH', `${admin}/users/user-2`, { status: 'suspended' })
  const brief = await gateway.token()
  const database = new DatabaseSync(join(gateway.dataDir, 'gateway.db'))
  database.prepare('update tokens set expires_at = 1 where id = ?').run(brief.id)
  database.close()
  const fallen = await operator('owner')
  await gateway.admin('DELETE', `${admin}/operators/${fallen.id}`)
  const credentials: Record<Credential, string> = {
    nothing: '',
    garbage: 'garbage',
    'a token whose checksum is wrong': `${alive.token.slice(0, -1)}${alive.token.endsWith('a') ? 'b' : 'a'}`,
    'a revoked token': ended.token,
    'an expired token': brief.token,
    'a token of a suspended user': suspended.token,
    'a token': alive.token,
    'a session': (await session(alive.id)).token,
    'a session of an end user': (await session(alive.id, { sub: 'tab-1' })).token,
    'a session whose token was revoked': orphan.token,
    'a JWT': await provider.token({ sub: 'grace' }),
    'a JWT of an end user': await apps.token({ sub: 'grace', uid: 'tab-1' }),
    'an expired JWT': await provider.token({ sub: 'grace' }, Date.now() - 10_000_000),
    'the metrics token': METRICS_TOKEN,
    metrics: (await operator('metrics')).token,
    'read-only': (await operator('read-only')).token,
    operator: (await operator('operator')).token,
    owner: (await operator('owner')).token,
    'a revoked owner': fallen.token,
    'the admin token': ADMIN_TOKEN,
  }
  return {
    gateway,
    credentials,
    async [Symbol.asyncDispose]() {
      await gateway.close()
      await provider[Symbol.asyncDispose]()
      await apps[Symbol.asyncDispose]()
    },
  }
}

let addresses = 0

/** An address of loopback that nobody has used yet: failures are counted by address, and these are many. */
function newAddress(): string {
  addresses++
  return `127.1.${addresses >> 8}.${addresses & 255}`
}

/** @returns the status of a request from an address and a connection of its own, without a body; 0: it was cut */
export function statusOf(base: string, method: string, path: string, credential: string): Promise<number> {
  const headers = credential === '' ? [] : [`Authorization: Bearer ${credential}`]
  const { hostname, port } = new URL(base)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), localAddress: newAddress() })
    let text = ''
    const done = (): void => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0))
    socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
    socket.on('error', done)
    socket.on('close', done)
    socket.write(requestText(`${method} ${path}`, [...headers, 'Connection: close']))
  })
}
