import { Resolver } from 'node:dns/promises'
import { Agent, request, type RequestOptions } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isPublicAddress } from '../lib/addresses.ts'

/** An address of a host, as a connection wants it. */
export interface HostAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** All addresses of a name. Rejects, or resolves to none, when there is none. */
export type Resolve = (name: string) => Promise<readonly HostAddress[]>

/** A request to somebody else's server. */
export interface Outgoing {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/**
 * Sends a request. Rejects when there is no answer; every status is an answer.
 * @param signal nobody waits for the answer any more
 */
export type Post = (outgoing: Outgoing, signal: AbortSignal) => Promise<{ readonly status: number }>

export interface PostOptions {
  /** Which addresses may be connected to. */
  readonly isAllowedAddress?: (address: string) => boolean
  readonly resolve?: Resolve
  /** Certificate authorities (PEM) in the place of the usual ones. */
  readonly ca?: string | undefined
  /** From the look-up of the name to the head of the answer. */
  readonly timeoutMs?: number
}

/** A name that leads to an address which is not allowed; nothing was connected. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError'
}

const TIMEOUT_MS = 10_000
const MAX_HEADER_BYTES = 8 * 1024

/**
 * Asks the name servers themselves. The system's own look-up would also read /etc/hosts and try search domains, where a
 * public name may turn into one of the operator's; and it takes a thread of which there are four, for as long as
 * somebody's slow name server likes.
 */
export function createResolver(): Resolve {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  return async (name) => {
    const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    if (four.status === 'rejected' && six.status === 'rejected') throw four.reason
    return [
      ...(four.status === 'fulfilled' ? four.value : []).map((address) => ({ address, family: 4 as const })),
      ...(six.status === 'fulfilled' ? six.value : []).map((address) => ({ address, family: 6 as const })),
    ]
  }
}

/**
 * What a connection looks its host up with: the addresses that are judged here are those that it connects to, so that
 * a name which changes its address between two look-ups gains nothing. One that is not allowed among several is
 * enough to refuse: no honest host has such a neighbour.
 */
function checkedLookup(resolve: Resolve, isAllowed: (address: string) => boolean): LookupFunction {
  return (name, { all }, callback) => {
    resolve(name).then(
      (addresses) => {
        const [first] = addresses
        if (first === undefined) callback(new Error('the host has no address'), [])
        else if (!addresses.every(({ address }) => isAllowed(address))) {
          callback(new AddressRefusedError('the host has an address that is not public'), [])
        } else if (all === true) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    )
  }
}

/** A connection with an address for a host looks nothing up, so that it is judged here. */
function checkHost({ protocol, hostname }: URL, isAllowed: (address: string) => boolean): void {
  if (protocol !== 'https:') throw new Error('only https is called')
  const host = hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isAllowed(host)) throw new AddressRefusedError('the address is not public')
}

/** Resolves as soon as the head of the answer is there: what else it says is not read, and redirects are not followed. */
function statusOf(
  url: URL,
  options: RequestOptions,
  body: Buffer,
  timeoutMs: number,
): Promise<{ readonly status: number }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options)
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    sent.on('response', (answer) => {
      resolve({ status: answer.statusCode ?? 0 })
      answer.destroy()
    })
    sent.on('error', reject)
    sent.on('close', () => {
      clearTimeout(timer)
      reject(new Error('the connection was closed without an answer'))
    })
    sent.end(body)
  })
}

/** Posts to servers that users name: over verified TLS, to public addresses alone, on a connection of its own each. */
export function createPost(options: PostOptions = {}): Post {
  const { isAllowedAddress = isPublicAddress, resolve = createResolver() } = options
  const { ca, timeoutMs = TIMEOUT_MS } = options
  const connection: RequestOptions = {
    // Not the agent that everybody shares: that one keeps connections, and may be told to go through a proxy.
    agent: new Agent({ keepAlive: false, maxCachedSessions: 0 }),
    lookup: checkedLookup(resolve, isAllowedAddress),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    maxHeaderSize: MAX_HEADER_BYTES,
    ...(ca === undefined ? {} : { ca }),
  }
  return async ({ url: text, headers, body }, signal) => {
    const url = new URL(text)
    checkHost(url, isAllowedAddress)
    const length = { 'content-length': String(body.length) }
    const all = { ...connection, method: 'POST', headers: { ...headers, ...length }, signal }
    return await statusOf(url, all, body, timeoutMs)
  }
}
