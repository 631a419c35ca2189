import { createHmac } from 'node:crypto'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { AGENT_LENGTH, familyOf } from './client-family.ts'
import type { Geo } from './geo.ts'

/** The network that a call came from. Of the address no more than the prefix is kept. */
export interface Network {
  /** IPv4: a /24, IPv6: a /48, as RFC 5952 writes it; `unknown` for what is no address. */
  readonly prefix: string
  /** A keyed hash of the prefix, of 32 bits. */
  readonly hash: number
  /** The number of the autonomous system; 0: not known. */
  readonly asn: number
  /** ISO 3166-1 alpha-2; '': not known. */
  readonly country: string
  /** Whether the operator takes it for no evidence, or it is no address. */
  readonly isExempt: boolean
}

const IPV6_GROUPS = 8
const MAPPED = 0xffff

/** The eight groups of an address of IPv6 that `isIP` has accepted. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::')
  const read = (part: string) => (part === '' ? [] : part.split(':').flatMap(groupOf))
  const [before, after] = [read(head), tail === undefined ? [] : read(tail)]
  const gap = new Array<number>(Math.max(0, IPV6_GROUPS - before.length - after.length)).fill(0)
  return [...before, ...gap, ...after]
}

/** One group, or two for an end that is written as IPv4. */
function groupOf(text: string): readonly number[] {
  if (!text.includes('.')) return [Number.parseInt(text, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}

/** An address of IPv6 that stands for one of IPv4 (`::ffff:192.0.2.1`), as that; any other stays as it is. */
function unmapped(address: string): string {
  if (!address.includes(':')) return address
  const groups = groupsOf(address)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === MAPPED
  const [high = 0, low = 0] = groups.slice(6)
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : address
}

/** Three groups and five of zeros: those are the longest run, or stand at the end of it. */
function prefixOfGroups(groups: readonly number[]): string {
  const kept = groups.slice(0, 3)
  const last = kept.findLastIndex((group) => group !== 0)
  const text = kept.slice(0, last + 1).map((group) => group.toString(16))
  return `${text.join(':')}::/48`
}

/**
 * The network of an address, which stands for whoever is in it.
 * @param address of IPv4 or IPv6, with or without a zone
 * @returns `192.0.2.0/24` or `2001:db8:1::/48`; undefined for what is no address
 */
export function prefixOf(address: string): string | undefined {
  const plain = plainOf(address)
  if (plain === undefined) return undefined
  if (!isIPv4(plain)) return prefixOfGroups(groupsOf(plain))
  return `${plain.slice(0, plain.lastIndexOf('.'))}.0/24`
}

/** Without its zone, and as IPv4 where it is that. */
function plainOf(address: string): string | undefined {
  if (isIP(address) === 0) return undefined
  const [bare = ''] = address.split('%')
  return unmapped(bare)
}

/** @param networks in CIDR form, as the settings have checked them */
export function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

/** Addresses and headers whose reading is kept; beyond it those read the longest ago are read again. */
const KEPT = 10_000

export interface SourceReaderOptions {
  /** Of the hashes of prefixes: without it nobody finds the prefix that a hash is of. Must stay the same. */
  readonly key: string
  /** Networks that are no evidence. */
  readonly allowed: BlockList
  readonly geo: Geo
}

/** Reads addresses and `User-Agent` headers, for every watcher of a process. Never throws. */
export class SourceReader {
  readonly #options: SourceReaderOptions
  readonly #networks = new LRUCache<string, Network>({ max: KEPT })
  readonly #families = new LRUCache<string, string>({ max: KEPT })

  constructor(options: SourceReaderOptions) {
    this.#options = options
  }

  network(address: string): Network {
    const kept = this.#networks.get(address)
    if (kept !== undefined) return kept
    const network = this.#read(address)
    this.#networks.set(address, network)
    return network
  }

  #read(address: string): Network {
    const plain = plainOf(address)
    const prefix = plain === undefined ? undefined : prefixOf(plain)
    if (plain === undefined || prefix === undefined) {
      return { prefix: 'unknown', hash: 0, asn: 0, country: '', isExempt: true }
    }
    const { key, allowed, geo } = this.#options
    const hash = createHmac('sha256', key).update(prefix).digest().readUInt32LE()
    const isExempt = allowed.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
    return { prefix, hash, asn: geo.asn(plain), country: geo.country(plain), isExempt }
  }

  /** @returns one of `CLIENT_FAMILIES` */
  family(userAgent: string): string {
    // Long ones are read each time: kept, they would let a caller fill the memory.
    if (userAgent.length > AGENT_LENGTH) return familyOf(userAgent)
    const kept = this.#families.get(userAgent)
    if (kept !== undefined) return kept
    const family = familyOf(userAgent)
    this.#families.set(userAgent, family)
    return family
  }
}
