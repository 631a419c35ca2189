import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'

/**
 * Counts failed credentials of all addresses together. A guesser with many addresses stays under the limit of each one;
 * together they do not. Who is then refused is decided so that an attack locks no operator out (OWASP ASVS 5.0, 6.1.1 and
 * 6.3.1: anti-automation must not become malicious lockout): never by the token that is guessed at, and never where an
 * operator was let in before.
 */
export interface SharedThrottle {
  /** Whether a credential from there is not worth a look now. */
  isShut(address: string): boolean
  /** Counts one failure. */
  failed(): void
  /** From there somebody was let in. */
  succeeded(address: string): void
}

/** How long an address stays known. */
const KNOWN_MS = 30 * 24 * 3_600_000

/** Addresses that are known at a time; the operators' own are few. */
const MAX_KNOWN = 1_000

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/

/** What counts as one place: of IPv6 the first 64 bits, since a host changes the others as it likes (RFC 8981). */
function placeOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':')]
    .slice(0, 4)
    .join(':')
}

/**
 * @param max failures within a window; beyond them only known addresses and this machine are listened to until it is over.
 * Whoever can reach the machine (by SSH, say) can therefore always get in
 */
export function createSharedThrottle(
  clock: Pick<Clock, 'now'>,
  { max = 300, windowMs = 60_000 }: { readonly max?: number; readonly windowMs?: number } = {},
): SharedThrottle {
  const known = new LRUCache<string, number>({ max: MAX_KNOWN })
  let endsAt = 0
  let failures = 0

  /** A window begins with its first failure. */
  function turn(now: number): void {
    if (now < endsAt && now >= endsAt - windowMs) return
    endsAt = now + windowMs
    failures = 0
  }

  return {
    isShut(address) {
      const now = clock.now()
      if (now >= endsAt || failures < max || LOOPBACK.test(address)) return false
      const since = known.get(placeOf(address))
      return since === undefined || now - since > KNOWN_MS
    },

    failed() {
      turn(clock.now())
      failures++
    },

    succeeded(address) {
      known.set(placeOf(address), clock.now())
    },
  }
}
