import { isLoopbackHost, isWildcardHost } from './checks.ts'
import { problemLine, readText, type Given, type ReadFile } from './sources.ts'
import { DEFAULT_KEY_NAME, parseUpstreamKeys } from './upstream-keys.ts'

/** The settings that are right by themselves, where each came from, and which were set at all. */
export interface Relations {
  readonly json: Readonly<Record<string, unknown>>
  readonly given: ReadonlyMap<string, Given>
  readonly tried: ReadonlySet<string>
  readonly readFile: ReadFile
}

type Check = (relations: Relations) => string | undefined

function line({ given }: Relations, name: string, problem: string): string {
  const { path = name.toUpperCase(), source = 'not set' } = given.get(name) ?? {}
  return problemLine(path, source, problem)
}

const aKeyIsThere: Check = (relations) => {
  // With this one, keys may be added while the gateway runs.
  const ways = ['minimax_api_key', 'minimax_api_keys', 'key_encryption_key']
  if (ways.some((way) => relations.tried.has(way))) return undefined
  return line(
    relations,
    'minimax_api_key',
    'the gateway has no key for MiniMax. Set it, or MINIMAX_API_KEY_FILE, or MINIMAX_API_KEYS. To look around without a key: `npm run demo`',
  )
}

const keyNamesDiffer: Check = (relations) => {
  const { minimax_api_key: single, minimax_api_keys: named } = relations.json
  if (single === undefined || typeof named !== 'string') return undefined
  if (!parseUpstreamKeys(named).some(({ name }) => name === DEFAULT_KEY_NAME)) return undefined
  return line(
    relations,
    'minimax_api_keys',
    `has a key named "${DEFAULT_KEY_NAME}", which is the name of the one in MINIMAX_API_KEY. Rename it or unset the other`,
  )
}

const plainHttpStaysHome: Check = (relations) => {
  const { minimax_base_url: text, minimax_allow_plain_http: allowed } = relations.json
  if (typeof text !== 'string' || allowed === true) return undefined
  const { protocol, hostname } = new URL(text)
  if (protocol === 'https:' || isLoopbackHost(hostname)) return undefined
  return line(
    relations,
    'minimax_base_url',
    'would send the key unencrypted over the network. Write https, or for an emulator set MINIMAX_ALLOW_PLAIN_HTTP=true',
  )
}

const listenersDiffer: Check = (relations) => {
  const { host, port, admin_host: adminHost, admin_port: adminPort } = relations.json
  if (typeof host !== 'string' || typeof adminHost !== 'string' || port === undefined) return undefined
  if (port !== adminPort || port === 0) return undefined
  if (host !== adminHost && !isWildcardHost(host) && !isWildcardHost(adminHost)) return undefined
  return line(relations, 'admin_port', 'is the port of the public listener. Give each its own')
}

const authoritiesAreReadable: Check = (relations) => {
  const { minimax_ca_file: file } = relations.json
  if (typeof file !== 'string') return undefined
  const read = readText(file, relations.readFile)
  if ('problem' in read) return line(relations, 'minimax_ca_file', read.problem)
  if (read.text.includes('-----BEGIN CERTIFICATE-----')) return undefined
  return line(
    relations,
    'minimax_ca_file',
    'the file that it names holds no certificate in PEM form. Name another',
  )
}

const relayIsReachable: Check = (relations) => {
  const { callback_urls: mode, public_url: text } = relations.json
  if (mode !== 'relay') return undefined
  if (typeof text === 'string' && isLoopbackHost(new URL(text).hostname)) {
    return line(
      relations,
      'public_url',
      'names this machine, where MiniMax cannot reach it for CALLBACK_URLS=relay',
    )
  }
  if (relations.tried.has('public_url')) return undefined
  return line(
    relations,
    'public_url',
    'is needed for CALLBACK_URLS=relay: MiniMax calls the gateway there. Write for example `PUBLIC_URL=https://gateway.example.com`',
  )
}

const linksLeadSomewhere: Check = (relations) => {
  if (relations.json.access_requests !== 'on' || relations.tried.has('public_url')) return undefined
  return line(
    relations,
    'public_url',
    'is needed for ACCESS_REQUESTS=on: links lead there. Write for example `PUBLIC_URL=https://gateway.example.com`',
  )
}

const mailHasItsSender: Check = (relations) => {
  const { tried } = relations
  if (tried.has('smtp_url') && !tried.has('mail_from'))
    return line(
      relations,
      'mail_from',
      'is needed with SMTP_URL: mail has a sender. Write for example `MAIL_FROM=gateway@example.com`',
    )
  if (tried.has('mail_to') && !tried.has('smtp_url'))
    return line(relations, 'smtp_url', 'is needed with MAIL_TO: it says by which server mail is sent')
  return undefined
}

const CHECKS = [
  aKeyIsThere,
  keyNamesDiffer,
  plainHttpStaysHome,
  listenersDiffer,
  authoritiesAreReadable,
  relayIsReachable,
  linksLeadSomewhere,
  mailHasItsSender,
]

/** What is wrong between settings that are each right by themselves. */
export function crossProblems(relations: Relations): string[] {
  return CHECKS.map((check) => check(relations)).filter((problem) => problem !== undefined)
}
