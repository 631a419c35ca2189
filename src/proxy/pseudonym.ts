import { createHmac, hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { JsonWalker } from './json-walker.ts'
import { refuseOtherCase, type ByteRange, type JsonView } from './json.ts'

/**
 * What MiniMax is told about whose call it is. All users share one account there, and `prompt_cache_key` and
 * `metadata.user_id` are its only means of telling end users apart (api-reference: responses-create,
 * text-chat-anthropic). Each gets a value that no other user can have and that names nobody.
 */

/** Where a body says whose call it is. */
export type CallerFields = Pick<JsonView, 'metadata' | 'promptCacheKey' | 'user'>

/** As many characters of base64url as 128 bits take. */
const HASH_LENGTH = 22

const QUOTE = 0x22
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const LETTER_N = 0x6e

const METADATA_FIELDS: ReadonlySet<string> = new Set(['user_id'])

/**
 * The name under which MiniMax knows a user: the same for each of their calls, of no meaning to others. Costs a hash:
 * see `Pseudonyms`.
 * @param secret of this gateway alone; with another one all users have other names
 * @returns `u` and 22 characters of base64url
 */
export function pseudonymOf(secret: Buffer, userId: string): string {
  const digest = createHmac('sha256', secret).update(`pseudonym:${userId}`).digest('base64url')
  return `u${digest.slice(0, HASH_LENGTH)}`
}

/** Users whose pseudonyms are kept; those of all others are made anew when they call. */
const KEPT = 10_000

/** The pseudonyms of those who call, each made once. */
export class Pseudonyms {
  readonly #secret: Buffer
  readonly #kept = new LRUCache<string, string>({ max: KEPT })

  constructor(secret: Buffer) {
    this.#secret = secret
  }

  /** @returns as `pseudonymOf` */
  of(userId: string): string {
    let pseudonym = this.#kept.get(userId)
    if (pseudonym === undefined) {
      pseudonym = pseudonymOf(this.#secret, userId)
      this.#kept.set(userId, pseudonym)
    }
    return pseudonym
  }
}

/**
 * Tells MiniMax the user's pseudonym in place of whatever the client says about whose call it is. What the client says
 * still keeps the calls of one user apart, as a hash beside the pseudonym. Only the native and OpenAI dialects get
 * nothing that the client did not send: MiniMax answers a warning to `user`. A value of a wrong type is left for upstream
 * to refuse; `null` is as good as none. All else stays byte for byte.
 * @param operation the catalog's name
 * @param bytes the body as it came; it is not changed
 * @param view what `viewJson` read of these very bytes: who changes the body in more than one way views it again between
 * @returns the body to be sent: the very bytes when nothing had to be changed
 * @throws GatewayError `duplicate_field` for `metadata.user_id` in another case, which a decoder that ignores case would
 * read in place of ours
 */
export function withPseudonym(
  operation: string,
  bytes: Buffer,
  view: CallerFields,
  pseudonym: string,
): Buffer {
  switch (operation) {
    case 'chat.responses':
      return withCacheKey(bytes, view.promptCacheKey, pseudonym)
    case 'chat.anthropic':
      return withUserId(bytes, view.metadata, pseudonym)
    case 'chat.native':
    case 'chat.openai':
      return withOwnFields(bytes, view, pseudonym)
    default:
      return bytes
  }
}

function withCacheKey(bytes: Buffer, range: ByteRange | undefined, pseudonym: string): Buffer {
  if (range !== undefined) return withValue(bytes, range, pseudonym)
  return inserted(bytes, bytes.indexOf(OPEN_BRACE) + 1, `"prompt_cache_key":"${pseudonym}"`)
}

function withUserId(bytes: Buffer, range: ByteRange | undefined, pseudonym: string): Buffer {
  if (range === undefined)
    return inserted(bytes, bytes.indexOf(OPEN_BRACE) + 1, `"metadata":{"user_id":"${pseudonym}"}`)
  const first = bytes[range.start]
  if (first === LETTER_N) return replaced(bytes, range.start, range.end, `{"user_id":"${pseudonym}"}`)
  if (first !== OPEN_BRACE) return bytes
  const userId = userIdIn(bytes, range)
  if (userId !== undefined) return withValue(bytes, userId, pseudonym)
  return inserted(bytes, range.start + 1, `"user_id":"${pseudonym}"`)
}

/** Walks the object once more: it is a few bytes long, and most bodies have none. */
function userIdIn(bytes: Buffer, range: ByteRange): ByteRange | undefined {
  let found: ByteRange | undefined
  new JsonWalker(bytes.subarray(range.start, range.end), (key, start, end) => {
    if (key === 'user_id') found = { start: range.start + start, end: range.start + end }
    else refuseOtherCase(key, METADATA_FIELDS)
  }).walk()
  return found
}

function withOwnFields(bytes: Buffer, { user, promptCacheKey }: CallerFields, pseudonym: string): Buffer {
  if (user === undefined) return withOwnValue(bytes, promptCacheKey, pseudonym)
  if (promptCacheKey === undefined) return withOwnValue(bytes, user, pseudonym)
  // The later one first: the place of the earlier one stays what it is.
  const isUserFirst = user.start < promptCacheKey.start
  const later = withOwnValue(bytes, isUserFirst ? promptCacheKey : user, pseudonym)
  return withOwnValue(later, isUserFirst ? user : promptCacheKey, pseudonym)
}

/** Puts the caller's own value in place of a string; nothing else is touched. */
function withOwnValue(bytes: Buffer, range: ByteRange | undefined, pseudonym: string): Buffer {
  if (range === undefined || bytes[range.start] !== QUOTE) return bytes
  const { start, end } = range
  return replaced(bytes, start, end, `"${pseudonym}-${hashOf(bytes, start, end, pseudonym)}"`)
}

/** The same, and the pseudonym alone in place of `null`. */
function withValue(bytes: Buffer, range: ByteRange, pseudonym: string): Buffer {
  if (bytes[range.start] === LETTER_N) return replaced(bytes, range.start, range.end, `"${pseudonym}"`)
  return withOwnValue(bytes, range, pseudonym)
}

/** The hash of a string, however it is written. It takes the pseudonym in, so that equal values of two users differ. */
function hashOf(bytes: Buffer, start: number, end: number, pseudonym: string): string {
  const text = String(JSON.parse(bytes.toString('utf8', start, end)))
  return hash('sha256', `${pseudonym}:${text}`, 'base64url').slice(0, HASH_LENGTH)
}

/** Adds a member at the start of an object. @param at the byte behind its opening brace */
function inserted(bytes: Buffer, at: number, member: string): Buffer {
  return replaced(bytes, at, at, isEmptyFrom(bytes, at) ? member : `${member},`)
}

function isEmptyFrom(bytes: Buffer, from: number): boolean {
  let at = from
  while (bytes[at] !== QUOTE && bytes[at] !== CLOSE_BRACE) at++
  return bytes[at] === CLOSE_BRACE
}

/** @param text ASCII: pseudonyms and hashes are base64url */
function replaced(bytes: Buffer, start: number, end: number, text: string): Buffer {
  const result = Buffer.allocUnsafe(bytes.length - (end - start) + text.length)
  bytes.copy(result, 0, 0, start)
  result.write(text, start, 'latin1')
  bytes.copy(result, start + text.length, end)
  return result
}
