import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { main } from '../../src/cli/main.ts'
import type { Environment } from '../../src/config/sources.ts'
import { ADMIN_TOKEN, anAdminServer } from '../routes/admin/helper.ts'

/** A folder of its own for one test. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** An address of this machine at which nothing listens. */
export async function nowhere(): Promise<URL> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return new URL(`http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`)
}

/** Runs a command line and keeps what it printed. */
export async function run(line: string | readonly string[], env: Environment = {}, isTerminal = false) {
  const out: string[] = []
  const err: string[] = []
  const code = await main(typeof line === 'string' ? line.split(' ') : line, {
    env,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    isTerminal,
  })
  return { code, out, err: err.join('\n') }
}

/** A gateway's admin API that listens, with a user `ada`, and the environment that leads to it. */
export async function aGateway(options: Parameters<typeof anAdminServer>[0] = {}) {
  const { app, house, limits, abuse, access } = await anAdminServer(options)
  app.get('/readyz', () => ({ status: 'ready' }))
  const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  onTestFinished(() => app.close())
  const env = { ADMIN_HOST: url.hostname, ADMIN_PORT: url.port, ADMIN_TOKEN, DATA_DIR: aFolder() }
  return { house, limits, abuse, access, url, env }
}
