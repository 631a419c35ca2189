import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'

const TIMEOUT_MS = 5_000
/** Keys that were read so long ago are read again before they are used; a day later they count no more. */
const FRESH_MS = 3_600_000
const LONGEST_MS = 24 * 3_600_000
/** GitHub answers 60 questions an hour of who has no token of its own. */
const PAUSE_MS = 60_000
const MAX_BODY = 1024 * 1024

/** Reads a text of the web. Rejects when it is not there. @param signal nobody waits for it any more */
export type ReadText = (url: string, signal: AbortSignal) => Promise<string>

export interface GitHubKeysOptions {
  readonly url: string
  readonly clock: Pick<Clock, 'now'>
  /** Told when the keys could not be read. Must not throw. */
  readonly failed: (error: unknown) => void
  readonly read?: ReadText
}

const readText: ReadText = async (url, signal) => {
  const headers = { accept: 'application/json', 'user-agent': 'minimax-gateway' }
  const answer = await fetch(url, { headers, signal, redirect: 'error' })
  if (!answer.ok) throw new Error(`the keys of GitHub were answered with HTTP ${answer.status}`)
  const body: AsyncIterable<Uint8Array> | null = answer.body
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_BODY) throw new Error('the keys of GitHub are too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The public keys with which GitHub signs its reports, by their ids. */
export class GitHubKeys {
  readonly #options: GitHubKeysOptions
  #keys: ReadonlyMap<string, KeyObject> = new Map()
  #readAt = -Infinity
  #triedAt = -Infinity
  #underway: Promise<void> | null = null

  constructor(options: GitHubKeysOptions) {
    this.#options = options
  }

  /**
   * A key, read again when it is not known or was read long ago. Never rejects.
   * @returns undefined when there is no such key, or it cannot be known now
   */
  async find(id: string): Promise<KeyObject | undefined> {
    const age = this.#options.clock.now() - this.#readAt
    if (age >= FRESH_MS || !this.#keys.has(id)) await this.#refresh()
    const isKnown = this.#options.clock.now() - this.#readAt < LONGEST_MS
    return isKnown ? this.#keys.get(id) : undefined
  }

  /** Whether keys are there that count. */
  get isReady(): boolean {
    return this.#keys.size > 0 && this.#options.clock.now() - this.#readAt < LONGEST_MS
  }

  async #refresh(): Promise<void> {
    const now = this.#options.clock.now()
    if (this.#underway === null && now - this.#triedAt >= PAUSE_MS) {
      this.#triedAt = now
      this.#underway = this.#read(now).finally(() => (this.#underway = null))
    }
    await this.#underway
  }

  async #read(now: number): Promise<void> {
    const { url, read = readText, failed } = this.#options
    try {
      const keys = keysIn(JSON.parse(await read(url, AbortSignal.timeout(TIMEOUT_MS))))
      if (keys.size === 0) throw new Error('GitHub names no key that can be used')
      this.#keys = keys
      this.#readAt = now
    } catch (error) {
      failed(error)
    }
  }
}

/** Keys of P-256 alone: the program signs with no others (ECDSA-NIST-P256V1-SHA256). */
function keyOf(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined
  } catch {
    // What is no key is not used; without any, the caller is told.
    return undefined
  }
}

function keysIn(document: unknown): ReadonlyMap<string, KeyObject> {
  const listed: unknown =
    typeof document === 'object' && document !== null && 'public_keys' in document
      ? document.public_keys
      : undefined
  if (!Array.isArray(listed)) throw new Error('the keys of GitHub cannot be read')
  const keys = new Map<string, KeyObject>()
  for (const item of listed as readonly unknown[]) {
    if (typeof item !== 'object' || item === null || !('key_identifier' in item) || !('key' in item)) continue
    const { key_identifier: id, key: pem } = item
    const key = typeof pem === 'string' ? keyOf(pem) : undefined
    if (typeof id === 'string' && key !== undefined) keys.set(id, key)
  }
  return keys
}
