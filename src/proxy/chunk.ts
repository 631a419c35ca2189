/** A larger piece is not worth a copy. */
export const LARGEST_CHUNK = 4096

const CR = 0x0d
const LF = 0x0a
const HEX = Buffer.from('0123456789abcdef')

/**
 * @param bytes at least one, at most LARGEST_CHUNK
 * @returns them as one chunk of a chunked body: length in hexadecimal, line end, bytes, line end (RFC 9112, 7.1)
 */
export function chunkOf(bytes: Buffer): Buffer {
  const { length } = bytes
  const digits = length < 0x10 ? 1 : length < 0x100 ? 2 : length < 0x1000 ? 3 : 4
  const chunk = Buffer.allocUnsafe(digits + length + 4)
  for (let at = digits - 1, rest = length; at >= 0; at--, rest >>= 4) chunk[at] = HEX[rest & 0xf] ?? 0
  chunk[digits] = CR
  chunk[digits + 1] = LF
  bytes.copy(chunk, digits + 2)
  chunk[digits + length + 2] = CR
  chunk[digits + length + 3] = LF
  return chunk
}
