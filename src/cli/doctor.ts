import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { UsersPage } from '../routes/admin/schemas.ts'
import { apiOf, reach, START_HINT } from './api.ts'
import { readConfig } from './check-config.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { connectionOf, dataDirOf, urlOf } from './connection.ts'
import { issuerFindings } from './doctor-issuers.ts'
import { keyFindings } from './doctor-keys.ts'
import type { Io } from './io.ts'

/** One thing that must be right, and what to do when it is not. */
interface Finding {
  readonly check: string
  readonly ok: boolean
  readonly detail: string
}

type Check = (args: Arguments, io: Io) => Promise<string>

const configuration: Check = async (_, { env }) => {
  const read = await readConfig(env)
  if ('config' in read) return 'is valid'
  throw new Error(`has ${read.problems.length} problem(s). Run "check-config" to see them.`)
}

/** A folder that is not there yet is made at the first start, inside the nearest one that is. */
function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path))
}

const dataDirectory: Check = async (_, io) => {
  const path = resolve(dataDirOf(io))
  try {
    accessSync(nearestFolder(path), constants.W_OK | constants.X_OK)
  } catch {
    throw new Error(`${path} cannot be written. Give the gateway's user that right, or set DATA_DIR.`)
  }
  return `${path} can be written`
}

const gateway: Check = async ({ options }, io) => {
  const url = urlOf(io, { url: options.url })
  const { status } = await reach(new URL('/readyz', url), {})
  if (status === 200) return `is ready at ${url.origin}`
  if (status === 503) throw new Error(`at ${url.origin} runs and is not ready. Look at ${url.origin}/readyz.`)
  throw new Error(`does not answer at ${url.origin}: something else does (HTTP ${status}). ${START_HINT}`)
}

const adminToken: Check = async ({ options }, io) => {
  const connection = connectionOf(io, { url: options.url, tokenFile: options['admin-token-file'] })
  await apiOf(connection).call(UsersPage, 'GET', '/admin/v1/users?limit=1')
  return `from ${connection.tokenOrigin} is accepted`
}

const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['configuration', configuration],
  ['data directory', dataDirectory],
  ['gateway', gateway],
  ['admin token', adminToken],
]

async function findingOf(check: string, run: Check, args: Arguments, io: Io): Promise<Finding> {
  try {
    return { check, ok: true, detail: await run(args, io) }
  } catch (error) {
    return { check, ok: false, detail: error instanceof Error ? error.message : 'failed' }
  }
}

/** `doctor`: whether everything is in place, and what to do about what is not. */
export const doctor: Command = {
  words: 'doctor',
  positionals: [],
  options: REMOTE,
  summary:
    'Check configuration, data directory, gateway, admin token, each key for MiniMax and each identity provider',
  async run(args, io) {
    const checks = CHECKS.map(([name, check]) => findingOf(name, check, args, io))
    const findings = [
      ...(await Promise.all(checks)),
      ...(await keyFindings(io)),
      ...(await issuerFindings(io)),
    ]
    const isWell = findings.every(({ ok }) => ok)
    if (args.isJson) io.out(JSON.stringify({ ok: isWell, checks: findings }))
    else for (const { check, ok, detail } of findings) io.out(`${ok ? 'ok  ' : 'FAIL'}  ${check}: ${detail}`)
    return isWell ? 0 : 1
  },
}
