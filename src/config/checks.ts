import { isIP } from 'node:net'
import { isMultiplier } from '../lib/money.ts'

/** Each check answers with what is wrong and how to mend it, or with nothing. Values that may hold credentials are not repeated. */

const HOST_NAME = /^(?=.{1,253}$)[0-9a-z](?:[0-9a-z-]*[0-9a-z])?(?:\.[0-9a-z](?:[0-9a-z-]*[0-9a-z])?)*$/i

/** An entry of a list for a message: not when it is long or may carry a password. */
function shown(entry: string): string {
  return entry.length > 48 || entry.includes('@') ? 'an entry' : JSON.stringify(entry)
}

function urlFrom(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

/** True for names and addresses that never leave this machine. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return (
    bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare)
  )
}

/** True for the addresses that mean every interface of this machine. */
export function isWildcardHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

export function hostProblem(text: string): string | undefined {
  if (isIP(text) !== 0 || HOST_NAME.test(text)) return undefined
  return 'is not an address or a host name. Write it without scheme, port or brackets, as in 0.0.0.0 or ::1'
}

export function baseUrlProblem(text: string): string | undefined {
  const url = urlFrom(text)
  if (url === undefined) return 'is not a URL. Write scheme and host, as in https://api.minimax.chat'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'has a scheme other than https or http'
  if (url.username !== '' || url.password !== '') {
    return 'carries a user name or password. Remove it: the key belongs in MINIMAX_API_KEY'
  }
  if (url.pathname !== '/' || /[?#]/.test(text)) {
    return 'has a path, query or fragment. Write scheme and host only, without /v1'
  }
  return undefined
}

export function databaseUrlProblem(text: string): string | undefined {
  if (/^postgres(ql)?:/i.test(text)) {
    return 'asks for PostgreSQL, which is not supported yet. Leave it unset, or write sqlite: and a file path'
  }
  if (!/^sqlite:./.test(text)) return 'is not sqlite: and a file path, as in sqlite:./data/gateway.db'
  if (text.startsWith('sqlite://'))
    return 'has slashes after sqlite:. Write the path at once, as in sqlite:/data/gateway.db'
  return undefined
}

export function redisUrlProblem(_text: string): string | undefined {
  return 'is set, but Redis is not supported yet. Leave it unset: counters live in the process'
}

export function originProblem(text: string): string | undefined {
  if (text === '*')
    return '"*" would let every web page in. List the exact origins, as in https://app.example.com'
  const url = urlFrom(text)
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.origin !== text) {
    return `${shown(text)} is not an exact origin. Write scheme, host and port only, as browsers do: in lower case, without the usual port, as in https://app.example.com`
  }
  if (text.includes('*')) return `${shown(text)} has a "*", which matches nothing. List the exact origins`
  return undefined
}

export function publicUrlProblem(text: string): string | undefined {
  const url = urlFrom(text)
  if (url === undefined || httpsUrlProblem(text) !== undefined) {
    return 'is not an https URL, as in https://gateway.example.com'
  }
  if (url.username !== '' || url.password !== '') return 'carries a user name or password. Remove it'
  return /[?#]/.test(text) ? 'has a query or fragment. Write scheme, host and path only' : undefined
}

export function callbackHostProblem(text: string): string | undefined {
  const name = text.startsWith('*.') ? text.slice(2) : text
  if (HOST_NAME.test(name) && isIP(name) === 0 && name.includes('.') && text === text.toLowerCase())
    return undefined
  return `${shown(text)} is not a full host name in small letters. Write it without scheme, port or path, as in hooks.example.com or *.example.com`
}

export function cidrProblem(text: string): string | undefined {
  if (/^(\d+|true|false)$/i.test(text)) {
    return `${shown(text)} is not a network. Hop counts and "true" are refused, since a client could then forge its own address: list the proxies, as in 10.0.0.0/8`
  }
  const [address = '', prefix, ...more] = text.split('/')
  const bits = { 4: 32, 6: 128 }[isIP(address)]
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : undefined
  if (bits === undefined || length === undefined || length > bits || more.length > 0) {
    return `${shown(text)} is not a network. Write an address and a prefix length, as in 10.0.0.0/8 or fd00::/8`
  }
  if (length === 0)
    return `${shown(text)} trusts every address, so that any client could forge its own. List the proxies only`
  return undefined
}

/** A plan's name and its multiplier out of `free=0.4`; the last `=` parts them. */
export function planMultiplierOf(text: string): readonly [plan: string, multiplier: string] {
  const mark = text.lastIndexOf('=')
  return [text.slice(0, Math.max(mark, 0)).trim(), text.slice(mark + 1).trim()]
}

export function planMultipliersProblem(items: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const item of items) {
    const [plan, multiplier] = planMultiplierOf(item)
    if (plan === '' || plan.length > 64) {
      return `${shown(item)} names no plan. Write name=multiplier, as in free=0.4,pro=1`
    }
    if (!isMultiplier(multiplier)) {
      return `${shown(item)} has no multiplier of 0 to 1000000 with up to 9 decimals. Write name=multiplier, as in free=0.4,pro=1`
    }
    if (seen.has(plan)) return `names the plan ${shown(plan)} twice. Keep one`
    seen.add(plan)
  }
  return undefined
}

/** What is wrong with the name of a voice of the account (api-reference/voice-cloning-clone). */
export function voiceNameProblem(text: string): string | undefined {
  return /^[A-Za-z0-9][^,]{0,255}$/.test(text) ? undefined : `${shown(text)} is no name of a voice`
}

export function timeZoneProblem(text: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return undefined
  } catch {
    return 'is not a time zone. Write a name of the IANA database, as in UTC or Asia/Shanghai'
  }
}

/** Where something is sent: https, or plain http to this machine alone. */
export function httpsUrlProblem(text: string): string | undefined {
  const url = urlFrom(text)
  const isPlain = url?.protocol === 'http:' && isLoopbackHost(url.hostname)
  return url?.protocol === 'https:' || isPlain ? undefined : 'is not an https URL'
}

export function mailServerProblem(text: string): string | undefined {
  const url = urlFrom(text)
  if (url !== undefined && /^smtps?:$/.test(url.protocol) && url.hostname !== '') return undefined
  return 'is not smtp:// or smtps:// and a host, as in smtps://user:password@mail.example.com'
}

export function mailProblem(text: string): string | undefined {
  return /^[^\s@<>"]+@[^\s@<>"]+$/.test(text) ? undefined : `${shown(text)} is no mail address`
}

/** @returns a check that a name is one of some */
export function namedOf(what: string, known: readonly string[]): (text: string) => string | undefined {
  return (text) =>
    known.includes(text) ? undefined : `${shown(text)} is no ${what}. There are: ${known.join(', ')}`
}
