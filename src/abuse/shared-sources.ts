import { LRUCache } from 'lru-cache'
import type { Finding } from '../signals.ts'
import type { CallEvent } from './event.ts'
import { HyperLogLog } from './hyperloglog.ts'
import { DAY_MS, IDENTITY_KINDS } from './source-times.ts'
import type { SourceReader } from './source.ts'

const MAX_SOURCES = 10_000
/** Users in a day that are too many for one network. */
const MANY = 5
/** Tokens of a network that are told of: the newest. */
const TOLD = 16

interface Shared {
  readonly prefix: string
  readonly hash: number
  day: number
  users: HyperLogLog
  /** The most of any day before: an office or a cloud that many share always has many. */
  usual: number
  /** When each token came first today, with its user; the newest last. */
  tokens: Map<string, string>
}

/** FNV-1a with a last mixing: identifiers are our own, so nobody can choose them to collide. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * Notices networks that use the server tokens of many users: somebody has collected them. Beyond 10,000 networks those
 * seen the longest ago are forgotten. Kept in memory only: after a restart a day begins anew.
 */
export class SharedSources {
  readonly #reader: SourceReader
  readonly #sources = new LRUCache<number, Shared>({ max: MAX_SOURCES })
  /** Networks with too many users, of which there are few. */
  readonly #crowded = new Set<number>()

  constructor(reader: SourceReader) {
    this.#reader = reader
  }

  /** Takes in one call, in constant time. */
  observe({ at, kind, address, tokenId, userId }: CallEvent): void {
    if (!IDENTITY_KINDS.has(kind)) return
    const network = this.#reader.network(address)
    if (network.isExempt) return
    const source = this.#sources.get(network.hash) ?? this.#enter(network)
    const day = Math.floor(at / DAY_MS)
    if (day > source.day) turn(source, day)
    if (source.tokens.has(tokenId)) return
    source.tokens.set(tokenId, userId)
    source.users.add(hashOf(userId))
    if (source.tokens.size > TOLD) dropFirst(source.tokens)
    if (isCrowded(source)) this.#crowded.add(source.hash)
  }

  #enter({ prefix, hash }: { readonly prefix: string; readonly hash: number }): Shared {
    const source = {
      prefix,
      hash,
      day: -1,
      users: new HyperLogLog(),
      usual: 0,
      tokens: new Map<string, string>(),
    }
    this.#sources.set(hash, source)
    return source
  }

  /** One finding for each of the newest tokens, at most 16, of every network that has too many users today. */
  look(now: number): readonly Finding[] {
    const found: Finding[] = []
    const day = Math.floor(now / DAY_MS)
    for (const hash of this.#crowded) {
      const source = this.#sources.peek(hash)
      if (source?.day !== day || !isCrowded(source)) this.#crowded.delete(hash)
      else found.push(...findingsOf(source, now))
    }
    return found
  }
}

function dropFirst(tokens: Map<string, string>): void {
  for (const first of tokens.keys()) {
    tokens.delete(first)
    return
  }
}

function turn(source: Shared, day: number): void {
  source.usual = Math.max(source.usual, source.users.count())
  source.day = day
  source.users = new HyperLogLog()
  source.tokens = new Map()
}

function isCrowded({ users, usual }: Shared): boolean {
  return users.count() >= Math.max(MANY, 2 * usual)
}

function findingsOf({ prefix, users, tokens }: Shared, now: number): readonly Finding[] {
  const count = users.count()
  const strength = count >= 2 * MANY ? 0.5 : 0.25
  return [...tokens].map(([tokenId, userId]) => {
    return {
      signal: 'shared_source',
      tokenId,
      userId,
      at: now,
      strength,
      evidence: { network: prefix, users: count },
    }
  })
}
