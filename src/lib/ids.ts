import { randomBytes } from 'node:crypto'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Bytes above this would favour the first digits; they are thrown away (rejection sampling). */
const UNBIASED = 256 - (256 % 62)

/**
 * A random base62 text from the operating system's generator.
 * @param length number of characters; 43 carry 256 bits, 22 carry 131
 */
export function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length + 8)) {
      if (byte < UNBIASED && text.length < length) text += BASE62.charAt(byte % 62)
    }
  }
  return text
}

/**
 * An unsigned integer in base62, left-padded with zeros.
 * @param value from 0 to 2^53-1
 */
export function base62FromInteger(value: number, width: number): string {
  let text = ''
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = BASE62.charAt(rest % 62) + text
  return text.padStart(width, '0')
}

/** Random bytes are drawn from the system in bulk: one call per request would cost more than the id. */
const POOL_SIZE = 4096
let pool = Buffer.alloc(0)
let poolOffset = 0

function randomHex(bytes: number): string {
  if (poolOffset + bytes > pool.length) {
    pool = randomBytes(POOL_SIZE)
    poolOffset = 0
  }
  const hex = pool.toString('hex', poolOffset, poolOffset + bytes)
  poolOffset += bytes
  return hex
}

/** The time as it begins an id, made anew only when the millisecond has changed. */
let timedAt = -1
let time = ''

function timeHex(now: number): string {
  if (now !== timedAt) {
    timedAt = now
    time = now.toString(16).padStart(12, '0')
  }
  return time
}

const HEX = '0123456789abcdef'

/**
 * A request id: 32 hexadecimal characters that sort by time, laid out as a UUID version 7
 * (RFC 9562 section 5.7) without its dashes, the form of MiniMax's own `Trace-Id`.
 * @param now milliseconds since the Unix epoch
 */
export function newRequestId(now: number): string {
  const random = randomHex(10)
  const variant = '89ab'.charAt(HEX.indexOf(random.charAt(3)) & 3)
  return `${timeHex(now)}7${random.slice(0, 3)}${variant}${random.slice(4, 19)}`
}
