import { GatewayError } from '../errors.ts'

/**
 * What becomes of `callback_url`: refused; sent to MiniMax when it is a public address; or replaced by an address of
 * the gateway, which hands on what MiniMax says.
 */
export type CallbackMode = 'off' | 'allow' | 'relay'

export interface CallbackPolicy {
  readonly mode: CallbackMode
  /** Host names, or `*.` and a name for all that are below it; none: any public host. In lower case. */
  readonly allowedHosts: readonly string[]
  /** Our own host: a callback to it would go round in a circle. */
  readonly ownHost?: string | undefined
}

const MAX_LENGTH = 2048

/**
 * Scheme, host and port as every parser reads them, so that the host which is judged here is the host which MiniMax
 * calls: there is no place for a user, a backslash, an escape or a character that is mapped to another one.
 */
const WRITTEN =
  /^https:\/\/([0-9a-z.-]{1,253})(?::443)?(?:[/?][\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a~]*)?$/i

const LABEL = /^[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?$/

/** A name that ends in digits, or in 0x and digits, is read as an address by the rules of URLs. */
const TOP_LABEL = /^(?:[a-z]{2,63}|xn--[0-9a-z-]{1,59})$/

/**
 * Top names that the public DNS does not have, and private networks do: the special-use names of IANA (RFC 6761, 6762,
 * 7686, 8375, 9476), `internal` as ICANN reserved it, and those that routers and companies are known to use.
 */
const PRIVATE_TOPS: ReadonlySet<string> = new Set([
  'alt',
  'arpa',
  'corp',
  'example',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'mail',
  'onion',
  'private',
  'svc',
  'test',
])

/** @param host in lower case. @returns whether it is a name that the public DNS may know */
export function isPublicName(host: string): boolean {
  const labels = host.split('.')
  const top = labels.at(-1) ?? ''
  return (
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label)) &&
    TOP_LABEL.test(top) &&
    !PRIVATE_TOPS.has(top)
  )
}

/** @param host in lower case. @returns whether an entry of the list stands for it; an empty list stands for all */
function isListed(host: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true
  return allowed.some((entry) => (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry))
}

function problemOf(text: string, { allowedHosts, ownHost }: CallbackPolicy): string | undefined {
  if (text.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`
  if (!/^https:\/\//i.test(text)) return 'must begin with https://'
  const host = WRITTEN.exec(text)?.[1]?.toLowerCase()
  if (host === undefined) {
    return 'must be https:// and a host name, then a path and a query: no user name, port or fragment, and other characters only escaped'
  }
  if (!isPublicName(host)) return 'must name a host of the public internet by its full name'
  // The rules of URLs (WHATWG) must read the same host: they decode international names, and refuse wrong ones.
  if (!URL.canParse(text) || new URL(text).hostname !== host) return 'names no valid host'
  if (host === ownHost) return 'must not name the gateway itself'
  return isListed(host, allowedHosts) ? undefined : 'names a host that the operator has not allowed'
}

/**
 * Judges a `callback_url`. Where its name leads is judged once more by whoever connects.
 * @param text as the caller wrote it
 * @returns the same text
 * @throws GatewayError `callback_forbidden`
 */
export function checkCallbackUrl(text: string, policy: CallbackPolicy): string {
  const path = 'callback_url'
  if (policy.mode === 'off') throw new GatewayError('callback_forbidden', undefined, { path })
  const problem = problemOf(text, policy)
  if (problem !== undefined)
    throw new GatewayError('callback_forbidden', `callback_url ${problem}.`, { path })
  return text
}
