/** Bytes that are to be replaced wherever they stand. */
export interface Renaming {
  readonly from: Buffer
  readonly to: Buffer
}

const NOTHING = Buffer.alloc(0)

/** Replaces bytes in an answer that passes in pieces. It holds back no more than what may be their beginning. */
export class Renamer {
  readonly #from: Buffer
  readonly #to: Buffer
  #held: Buffer = NOTHING

  constructor({ from, to }: Renaming) {
    this.#from = from
    this.#to = to
  }

  /** @returns what may go on now; the very chunk when there is nothing to hold or to replace */
  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk
    const from = this.#from
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = NOTHING
    const parts: Buffer[] = []
    let passed = 0
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, passed)) {
      parts.push(bytes.subarray(passed, at), this.#to)
      passed = at + from.length
    }
    const end = bytes.length - beginningAtEnd(bytes, passed, from)
    if (end < bytes.length) this.#held = Buffer.from(bytes.subarray(end))
    if (parts.length === 0) return end === bytes.length ? bytes : bytes.subarray(0, end)
    parts.push(bytes.subarray(passed, end))
    return Buffer.concat(parts)
  }

  /** The end of the answer. @returns the last bytes, after what was held back */
  end(last: Buffer): Buffer {
    const passed = this.push(last)
    const rest = this.#held
    this.#held = NOTHING
    return rest.length === 0 ? passed : Buffer.concat([passed, rest])
  }
}

/** @returns how many of the last bytes are a beginning of the needle */
function beginningAtEnd(bytes: Buffer, from: number, needle: Buffer): number {
  const first = needle[0] ?? 0
  const start = Math.max(from, bytes.length - needle.length + 1)
  for (let at = bytes.indexOf(first, start); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (bytes.compare(needle, 0, bytes.length - at, at) === 0) return bytes.length - at
  }
  return 0
}
