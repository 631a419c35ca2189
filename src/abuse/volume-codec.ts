const BYTES = 4

/** Numbers as short text, from which `floatsOf` makes exactly the same numbers. */
export function textOf(numbers: Float32Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64')
}

/** @returns the numbers, zero or more each; undefined when it is no such text */
export function floatsOf(text: unknown, length?: number): Float32Array | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length % BYTES !== 0) return undefined
  const numbers = new Float32Array(bytes.length / BYTES)
  if (length !== undefined && numbers.length !== length) return undefined
  new Uint8Array(numbers.buffer).set(bytes)
  return numbers.every((number) => number >= 0 && number < Infinity) ? numbers : undefined
}

/** @returns whether it is a number that counts or measures: zero or more, and finite */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity
}

/** @returns a field of what may be an object; undefined where there is none */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const entry: unknown = Reflect.get(value, name)
  return entry
}
