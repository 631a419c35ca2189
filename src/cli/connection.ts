import { readFileSync } from 'node:fs'
import { adminTokenPath } from '../auth/admin-token.ts'
import { isLoopbackHost } from '../config/checks.ts'
import { everySetting } from '../config/describe.ts'
import { readEnvironment, readYaml } from '../config/sources.ts'
import { CommandError, UsageError, type Io } from './io.ts'

/** Where the admin API is, and what opens it. */
export interface Connection {
  readonly url: URL
  readonly token: string
  /** Where the token was found, for messages. */
  readonly tokenOrigin: string
}

/** What the command line says about the connection. */
export interface ConnectionOptions {
  readonly url?: string | undefined
  readonly tokenFile?: string | undefined
}

const readText = (path: string): string => readFileSync(path, 'utf8')

interface Setting {
  readonly value: string
  /** Where it was set, for messages. */
  readonly origin: string
}

/** The settings that this needs, by the same rules as the gateway, whether or not the others are right. */
function settingsOf(io: Io): (name: string) => Setting | undefined {
  const file = io.env.CONFIG ?? ''
  const given = new Map([
    ...(file === '' ? [] : readYaml(file, readText).given),
    ...readEnvironment(io.env, readText).given,
  ])
  return (name) => {
    const { value, path, source } = given.get(name) ?? { path: name, source: 'default', value: undefined }
    const written = value ?? everySetting.find((setting) => setting.name === name)?.default
    return typeof written === 'string' ? { value: written, origin: `${path} (${source})` } : undefined
  }
}

/** The folder of the gateway's data. */
export function dataDirOf(io: Io): string {
  return settingsOf(io)('data_dir')?.value ?? './data'
}

/** How tokens of the gateway begin, without the underscore. */
export function tokenPrefixOf(io: Io): string {
  return settingsOf(io)('token_prefix')?.value ?? 'mmg'
}

/** A host to connect to; a listener on every interface is reached over loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/** The address of the admin API. @throws UsageError when --url is not one */
export function urlOf(io: Io, { url }: ConnectionOptions): URL {
  const setting = settingsOf(io)
  const text =
    url ?? `http://${reachable(setting('admin_host')?.value ?? '')}:${setting('admin_port')?.value ?? ''}`
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new UsageError(`${text} is not an address. Write --url http://127.0.0.1:8081`)
  }
  return parsed
}

function tokenIn(file: string, hint: string): string {
  try {
    const token = readText(file).trim()
    if (token !== '') return token
  } catch {
    // The message below says the same of a file that is empty and of one that is not there.
  }
  throw new CommandError('no_admin_token', `No admin token: ${file} cannot be read or is empty. ${hint}`)
}

/**
 * The admin token: of --admin-token-file, else ADMIN_TOKEN or ADMIN_TOKEN_FILE, else the file that the gateway made.
 * @throws CommandError that says where it was looked for
 */
export function connectionOf(io: Io, options: ConnectionOptions): Connection {
  const url = urlOf(io, options)
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    io.err(`warning: the admin token travels unencrypted to ${url.host}`)
  }
  if (options.tokenFile !== undefined) {
    const token = tokenIn(options.tokenFile, 'It is what --admin-token-file names.')
    return { url, token, tokenOrigin: options.tokenFile }
  }
  const set = settingsOf(io)('admin_token')
  if (set !== undefined) return { url, token: set.value, tokenOrigin: set.origin }
  const { problems } = readEnvironment(io.env, readText)
  const problem = problems.find((line) => line.startsWith('ADMIN_TOKEN'))
  if (problem !== undefined) throw new CommandError('no_admin_token', problem)
  const file = adminTokenPath(dataDirOf(io))
  const hint =
    'The gateway writes it at its first start: start it, run this where it runs, or set ADMIN_TOKEN, ADMIN_TOKEN_FILE, DATA_DIR or --admin-token-file.'
  return { url, token: tokenIn(file, hint), tokenOrigin: file }
}
