import { createHmac } from 'node:crypto'
import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'

/** What MiniMax takes as a new name: 8 to 256 characters (api-reference/voice-cloning-clone). */
const NEW_NAME = /^[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]$/
const LONGEST = 256

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
/** 100 bits: nobody meets another user's pseudonym by chance or by trying. */
const TAG_CHARACTERS = 20
/** 260 bits, as far as SHA-256 goes. */
const HASH_CHARACTERS = 52

/** Pseudonyms that are remembered: every frame of speech is searched for one. */
const MAX_TAGS = 10_000

/** Stands between the pseudonym and a name that is carried as it is. */
const CARRIES = '_'
/** Stands between the pseudonym and the hash of a name, so that no name can be mistaken for a hash. */
const HASHES = '-'

const TAG_LENGTH = 1 + TAG_CHARACTERS
/** A name that may stand behind the pseudonym as it is. */
const CARRIED = new RegExp(`^(?=.{1,${LONGEST - TAG_LENGTH - 1}}$)[A-Za-z0-9_-]*[A-Za-z0-9]$`)
const OURS = new RegExp(`^u[a-z2-7]{${TAG_CHARACTERS}}[_-][A-Za-z0-9_-]*[A-Za-z0-9]$`)

function base32(bytes: Buffer, length: number): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) text += BASE32.charAt((held >> (bits - 5)) & 31)
  }
  if (bits > 0) text += BASE32.charAt((held << (5 - bits)) & 31)
  return text.slice(0, length)
}

/**
 * What users call their voices, and what MiniMax calls them. MiniMax's names are one namespace for a whole account;
 * here each user has one of their own, which is carried in MiniMax's by a pseudonym of the user.
 */
export class VoiceNames {
  readonly #secret: Buffer
  readonly #tags = new Map<string, string>()

  /** @param secret must outlive every voice: with another one, users lose theirs */
  constructor(secret: Buffer) {
    this.#secret = secret
  }

  /**
   * The name that MiniMax knows a user's voice by. The same for the same user and name, and never for another pair;
   * always one that MiniMax takes.
   */
  upstreamOf(userId: string, name: string): string {
    const tag = this.#tag(userId)
    if (CARRIED.test(name)) return `${tag}${CARRIES}${name}`
    return `${tag}${HASHES}${this.#hash(`voice-name:${userId.length}:${userId}${name}`, HASH_CHARACTERS)}`
  }

  /** @returns whether a name of MiniMax's looks like one that this class made, for whomever */
  isOurs(upstream: string): boolean {
    return upstream.length <= LONGEST && OURS.test(upstream)
  }

  /**
   * @param upstream a name as MiniMax knows it
   * @returns what the user calls it; undefined when it is not theirs, or their name for it was too long to be carried
   */
  nameOf(userId: string, upstream: string): string | undefined {
    const prefix = this.#tag(userId) + CARRIES
    if (!upstream.startsWith(prefix)) return undefined
    const name = upstream.slice(prefix.length)
    return CARRIED.test(name) ? name : undefined
  }

  /**
   * Refuses a name for a new voice that MiniMax itself would not take, or that would hide a voice everybody can use.
   * @param isTaken whether a system voice, or one that the operator shares, is called so
   * @throws GatewayError `invalid_request`
   */
  checkName(name: string, isTaken: (name: string) => boolean): void {
    const refuse = (message: string): never => {
      throw new GatewayError('invalid_request', message, { path: 'voice_id' })
    }
    if (!NEW_NAME.test(name)) {
      refuse(
        'The voice_id must have 8 to 256 characters: first a letter, then letters, digits, "-" and "_"; the last one must be a letter or a digit.',
      )
    }
    if (isTaken(name)) refuse('A voice that everybody can use has this voice_id already; choose another.')
    if (this.isOurs(name))
      refuse('The voice_id has a form that the gateway needs for itself; choose another.')
  }

  /**
   * A name for a designed voice whose maker gave none, of the form that MiniMax's own have.
   * @param random gives so many letters and digits
   */
  newName(clock: Pick<Clock, 'now'>, random: (length: number) => string): string {
    // Year to second, and the hundredths of the second.
    const time = new Date(clock.now()).toISOString().replace(/\D/g, '').slice(0, 16)
    return `ttv-voice-${time}-${random(8)}`
  }

  /**
   * A held document (the text of an error, an echo) in which a user's voices have the user's own names again.
   * @param names of the user, as far as the call knows them: only by them a name that was too long can be told; one
   * that stays unknown loses the pseudonym and keeps the hash
   * @returns the very buffer when there is nothing to replace
   */
  scrubNames(text: Buffer, userId: string, names: readonly string[] = []): Buffer {
    const tag = Buffer.from(this.#tag(userId))
    let found = text.indexOf(tag)
    if (found < 0) return text
    const hashed = new Map<string, string>()
    for (const name of names) {
      if (!CARRIED.test(name) && NEW_NAME.test(name)) hashed.set(this.upstreamOf(userId, name), name)
    }
    const parts: Buffer[] = []
    let from = 0
    for (; found >= 0; found = text.indexOf(tag, from)) {
      const { name, end } = nameAt(text, found, hashed)
      parts.push(text.subarray(from, found), Buffer.from(name))
      from = end
    }
    parts.push(text.subarray(from))
    return Buffer.concat(parts)
  }

  #tag(userId: string): string {
    const known = this.#tags.get(userId)
    if (known !== undefined) return known
    const tag = `u${this.#hash(`voice:${userId}`, TAG_CHARACTERS)}`
    if (this.#tags.size >= MAX_TAGS) this.#tags.clear()
    this.#tags.set(userId, tag)
    return tag
  }

  #hash(text: string, length: number): string {
    return base32(createHmac('sha256', this.#secret).update(text).digest(), length)
  }
}

/** What takes the place of a pseudonym, and of the hash behind it where that is known; and where the text goes on. */
function nameAt(
  text: Buffer,
  at: number,
  hashed: ReadonlyMap<string, string>,
): { readonly name: string; readonly end: number } {
  const behind = at + TAG_LENGTH
  const sign = text.toString('latin1', behind, behind + 1)
  if (sign !== CARRIES && sign !== HASHES) return { name: '', end: behind }
  const end = behind + 1 + HASH_CHARACTERS
  const name = sign === HASHES ? hashed.get(text.toString('latin1', at, end)) : undefined
  return name === undefined ? { name: '', end: behind + 1 } : { name, end }
}
