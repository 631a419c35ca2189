import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, type Child } from './child.ts'
import { startGateway } from './gateway.ts'
import type { Destination } from './figures.ts'
import { newIssuer } from './issuer.ts'
import { nginxVersion, startNginx } from './nginx.ts'
import { childrenOf } from './processes.ts'

export const TARGET_NAMES = ['direct', 'bare', 'gateway', 'session', 'jwt', 'nginx'] as const
export type TargetName = (typeof TARGET_NAMES)[number]

/** One way to upstream, with the processes that it takes. */
export interface Target extends Destination {
  readonly name: TargetName
  /** Workloads that it is measured with; left out: all. */
  readonly workloads?: readonly string[]
  /** None for no proxy at all. */
  pids(): readonly number[]
}

/** All that is measured, running. */
export interface Targets extends AsyncDisposable {
  readonly list: readonly Target[]
  /** What could not be measured here, in words. */
  readonly notices: readonly string[]
}

/** Starts the upstream and every proxy before it. Whatever was started is stopped again, also when one does not start. */
export async function startTargets(): Promise<Targets> {
  await using stack = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'minimax-gateway-bench-'))
  stack.defer(() => rmSync(dir, { recursive: true, force: true }))
  const started = <T extends Child>(child: T): T => {
    stack.defer(() => child.stop())
    return child
  }

  const key = `sk-api-${randomBytes(24).toString('hex')}`
  const upstream = started(await startChild('upstream.ts'))
  const bare = started(await startChild('bare.ts', [upstream.url, key]))
  const issuer = await newIssuer()
  const env = { JWT_ISSUERS: JSON.stringify([issuer.setting('bench')]) }
  const gateway = started(
    await startGateway({ upstreamUrl: upstream.url, key, dataDir: join(dir, 'data'), env }),
  )
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const headers = bearer(gateway.token)
  // Once the credential is told, all else is the same: one workload says what it costs to tell it.
  const only = { workloads: ['json'], url: gateway.url, pids: () => [gateway.pid] }
  const list: Target[] = [
    { name: 'direct', url: upstream.url, headers, pids: () => [] },
    { name: 'bare', url: bare.url, headers, pids: () => [bare.pid] },
    { name: 'gateway', url: gateway.url, headers, pids: () => [gateway.pid] },
    { name: 'session', headers: bearer(await gateway.newSession('tab-1')), ...only },
    { name: 'jwt', headers: bearer(await issuer.token('tab-2')), ...only },
  ]
  const notices: string[] = []
  if (nginxVersion() === undefined) notices.push('nginx is not in PATH: it was not measured')
  else {
    const nginx = started(await startNginx(join(dir, 'nginx'), upstream.url, key))
    list.push({ name: 'nginx', url: nginx.url, headers, pids: () => [nginx.pid, ...childrenOf(nginx.pid)] })
  }
  const running = stack.move()
  return { list, notices, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
