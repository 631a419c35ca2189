import { randomBytes } from 'node:crypto'

/** Crockford's base32: no I, L, O or U, so that what is read aloud or off paper is not mistaken. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const PREFIX = 'MMGC'
const GROUP = 4

/** Of five bits each: 100 bits, of which 60 stay secret when the id is known. */
const LENGTH = 20
const ID_LENGTH = 2 * GROUP

const WHOLE = new RegExp(`^${PREFIX}([${DIGITS}]{${LENGTH}})$`)

/** The text of a code, and the part of it that may be shown. */
export interface CodeText {
  /** E.g. `7K2M-9QXA`. */
  readonly id: string
  /** E.g. `MMGC-7K2M-9QXA-…`: in groups of four, in one way only. */
  readonly text: string
}

function grouped(digits: string): string {
  return digits.match(new RegExp(`.{1,${GROUP}}`, 'g'))?.join('-') ?? ''
}

function codeOf(digits: string): CodeText {
  return { id: grouped(digits.slice(0, ID_LENGTH)), text: `${PREFIX}-${grouped(digits)}` }
}

/** A new random code. */
export function newCode(): CodeText {
  return codeOf([...randomBytes(LENGTH)].map((byte) => DIGITS.charAt(byte % DIGITS.length)).join(''))
}

/**
 * A code as somebody typed it: in any case, with or without dashes and spaces, O for 0, I or L for 1.
 * @returns undefined when it cannot be a code
 */
export function codeFrom(typed: string): CodeText | undefined {
  if (typed.length > 100) return undefined
  const plain = typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')
  const [, digits] = WHOLE.exec(plain) ?? []
  return digits === undefined ? undefined : codeOf(digits)
}
