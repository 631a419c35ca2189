import { isIP } from 'node:net'

/** Bits of an address by its family. */
const BITS = { 4: 32, 6: 128 } as const

/** Bits of an address of IPv6 before the one of IPv4 that stands in it (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2). */
const MAPPED_BITS = 96
const MAPPED = 0xffffn

interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

function valueOfV4(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

/** @param text without a dotted tail or a zone */
function valueOfV6(text: string): bigint {
  const [head = '', tail] = text.split('::')
  const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')]
  const zeros = new Array<string>(8 - before.length - after.length).fill('0')
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** An address as a number; undefined: it is none, or has a zone, which means nothing to other machines. */
function addressOf(text: string): Address | undefined {
  const family = isIP(text)
  if (family === 4) return { family, value: valueOfV4(text) }
  if (family !== 6 || text.includes('%')) return undefined
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (dotted === null) return { family, value: valueOfV6(text) }
  const [, start = '', end = ''] = dotted
  const low = valueOfV4(end)
  return { family, value: valueOfV6(`${start}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`) }
}

function textOfV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.')
}

/** As RFC 5952 wants it, which is how URLs write an address. */
function textOfV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(16 * (7 - index))) & 0xffffn).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

function lengthOf(written: string | undefined, bits: number): number | undefined {
  if (written === undefined) return bits
  if (!/^\d{1,3}$/.test(written)) return undefined
  const length = Number(written)
  return length <= bits ? length : undefined
}

/**
 * A network in its one form: the bits after the prefix cleared, the prefix length written out, IPv6 as RFC 5952 writes
 * it, and what is an address of IPv4 within IPv6 as IPv4.
 * @param text CIDR notation; an address alone is the network of that address
 * @returns undefined when it is no network
 */
export function networkFrom(text: string): string | undefined {
  const [written = '', prefix, ...more] = text.split('/')
  const address = more.length > 0 ? undefined : addressOf(written)
  if (address === undefined) return undefined
  const { family, value } = address
  const bits = BITS[family]
  const length = lengthOf(prefix, bits)
  if (length === undefined) return undefined
  const cleared = (value >> BigInt(bits - length)) << BigInt(bits - length)
  if (family === 4) return `${textOfV4(cleared)}/${length}`
  if (length >= MAPPED_BITS && cleared >> 32n === MAPPED) {
    return `${textOfV4(cleared & 0xffffffffn)}/${length - MAPPED_BITS}`
  }
  return `${textOfV6(cleared)}/${length}`
}
