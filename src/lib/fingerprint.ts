/** Bytes that are read in full; of more, only parts. */
const WHOLE = 2048
const HEAD = 1024
const TAIL = 512
/** Places that are read of what lies between the two. */
const PLACES = 128

function mix(hash: number, word: number): number {
  return Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15)
}

function words(bytes: DataView, from: number, to: number, step: number, start: number): number {
  let hash = start
  let at = from
  for (; at + 4 <= to; at += step) hash = mix(hash, bytes.getInt32(at, true))
  for (; at < to; at++) hash = mix(hash, bytes.getUint8(at))
  return hash
}

/**
 * A number by which the same bytes are known again: for counting, never for trust, since others with the same number
 * are easily made. Of long ones the head, the tail and places between are read, so that the time has a bound.
 * @returns a whole number, never 0
 */
export function fingerprintOf(bytes: Buffer): number {
  const { length } = bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  let hash = mix(0x2545f491, length)
  if (length <= WHOLE) hash = words(view, 0, length, 4, hash)
  else {
    hash = words(view, 0, HEAD, 4, hash)
    const step = Math.max(4, Math.floor((length - HEAD - TAIL) / PLACES))
    hash = words(view, HEAD, length - TAIL, step, hash)
    hash = words(view, length - TAIL, length, 4, hash)
  }
  return (hash >>> 0) + 1
}
