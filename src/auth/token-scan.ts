import { MAX_SESSION_LENGTH } from './session/token.ts'
import { parseToken } from './token.ts'

/** Kinds of credentials of ours that can be told in a text by how they look. */
export const SCANNED_KINDS = ['server', 'session', 'admin'] as const

export type ScannedKind = (typeof SCANNED_KINDS)[number]

/** Something that looks like a token of ours. */
export interface TokenFind {
  readonly kind: ScannedKind
  /** The public id; of a session that cannot be read, ''. */
  readonly id: string
  /**
   * Whether it can be one: its checksum holds. A session has none that can be seen without the key; it counts when what
   * it says can be read.
   */
  readonly isWhole: boolean
  /** The whole of it. A secret: for asking whether it lives, never to be shown. */
  readonly text: string
  /** From 1. Lines end with `\n`; columns are bytes. */
  readonly line: number
  readonly column: number
}

/** Looks through a text that comes in pieces, in bounded memory. */
export interface TokenScanner {
  /** @param bytes the next piece, cut anywhere. @returns what is certain by now, in the order of the text */
  push(bytes: Uint8Array): readonly TokenFind[]
  /** There is nothing more. @returns the last finds */
  end(): readonly TokenFind[]
}

/** Bytes that are gathered before they are looked through. */
const BLOCK = 64 * 1024
/** The longest that can be found, with what must stand after it. */
const MARGIN = MAX_SESSION_LENGTH + 1
/** The dot of a session token and what stands after it. */
const MAC_LENGTH = 44
/** Bytes before a find that say whether it stands by itself. */
const CONTEXT = 16

/**
 * What a token may follow although it ends with a letter or digit: an escape of a URL, of JSON and of most languages, of a
 * terminal.
 */
// eslint-disable-next-line no-control-regex -- the escape of a terminal begins with one
const ESCAPE = /(?:%[0-9A-Fa-f]{2}|\\[abfnrtv0]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\u001b\[[0-9;]*m)$/

interface Pattern {
  readonly kind: ScannedKind
  /** How it begins, the underscore included. */
  readonly mark: string
  /** From the mark on; sticky. */
  readonly shape: RegExp
}

function patternsOf(prefix: string): readonly Pattern[] {
  const [server, session, admin] = [`${prefix}_`, `${prefix}s_`, `${prefix}o_`]
  const checked = (mark: string) => `${mark}[0-9A-Za-z]{12}_[0-9A-Za-z]{49}(?![0-9A-Za-z_])`
  const mac = '\\.[0-9A-Za-z_-]{43}(?![0-9A-Za-z_-])'
  const claims = MAX_SESSION_LENGTH - session.length - MAC_LENGTH
  return [
    { kind: 'server', mark: server, shape: new RegExp(checked(server), 'y') },
    {
      kind: 'session',
      mark: session,
      shape: new RegExp(`${session}[0-9A-Za-z_-]{2,${claims}}${mac}`, 'y'),
    },
    { kind: 'admin', mark: admin, shape: new RegExp(checked(admin), 'y') },
  ]
}

/** Whether what stands there begins a word, and is not in the middle of one. */
function beginsWord(text: string, at: number): boolean {
  if (at === 0 || !/[0-9A-Za-z_]/.test(text.charAt(at - 1))) return true
  return ESCAPE.test(text.slice(Math.max(0, at - CONTEXT), at))
}

/** The id that a session token says it has; undefined: what it says cannot be read. */
function sessionIdOf(text: string, mark: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(text.slice(mark.length, text.lastIndexOf('.')), 'base64url').toString(),
    )
    if (typeof claims !== 'object' || claims === null || !('id' in claims)) return undefined
    return typeof claims.id === 'string' && /^[0-9A-Za-z]{12}$/.test(claims.id) ? claims.id : undefined
  } catch {
    // Not JSON, so none of ours.
    return undefined
  }
}

function judge(kind: ScannedKind, mark: string, text: string): Pick<TokenFind, 'id' | 'isWhole'> {
  if (kind === 'session') {
    const id = sessionIdOf(text, mark)
    return { id: id ?? '', isWhole: id !== undefined }
  }
  const whole = parseToken(text, mark.slice(0, -1))
  return { id: whole?.id ?? text.slice(mark.length, mark.length + 12), isWhole: whole !== null }
}

/** Where lines begin, as far as a text was looked through. */
class Lines {
  #line = 1
  /** Bytes of the whole text before the line; those before what is kept are counted in. */
  #lineStart = 0
  #counted = 0

  /** @param at of the text; may only grow until `drop`. @returns the place of a byte */
  placeOf(text: string, at: number): Pick<TokenFind, 'line' | 'column'> {
    for (
      let end = text.indexOf('\n', this.#counted);
      end >= 0 && end < at;
      end = text.indexOf('\n', end + 1)
    ) {
      this.#line++
      this.#lineStart = end + 1
    }
    this.#counted = Math.max(this.#counted, at)
    return { line: this.#line, column: at - this.#lineStart + 1 }
  }

  /** The text begins so many bytes later from now on. */
  drop(text: string, bytes: number): void {
    this.placeOf(text, bytes)
    this.#lineStart -= bytes
    this.#counted -= bytes
  }
}

/**
 * A scanner for tokens that begin with a prefix. It finds a token wherever it stands, but for the middle of a word: what
 * has a letter, a digit or `_` before or after it is something else.
 * @param prefix how tokens begin, without the underscore
 */
export function createTokenScanner(prefix: string): TokenScanner {
  const patterns = patternsOf(prefix)
  const lines = new Lines()
  /** Each byte is a character of it. */
  let kept = ''
  /** Where what was not looked at begins. */
  let from = 0

  function findAt(at: number): TokenFind | undefined {
    const pattern = patterns.find(({ mark }) => kept.startsWith(mark, at))
    if (pattern === undefined || !beginsWord(kept, at)) return undefined
    const { kind, mark, shape } = pattern
    shape.lastIndex = at
    const text = shape.exec(kept)?.[0]
    if (text === undefined) return undefined
    return { kind, text, ...judge(kind, mark, text), ...lines.placeOf(kept, at) }
  }

  /** Looks at every place before one. */
  function scanTo(end: number): TokenFind[] {
    const finds: TokenFind[] = []
    for (let at = kept.indexOf(prefix, from); at >= 0 && at < end; at = kept.indexOf(prefix, from)) {
      const find = findAt(at)
      if (find !== undefined) finds.push(find)
      from = at + (find?.text.length ?? 1)
    }
    from = Math.max(from, end)
    return finds
  }

  return {
    push(bytes) {
      kept += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
      if (kept.length < BLOCK + MARGIN) return []
      const finds = scanTo(kept.length - MARGIN)
      const dropped = Math.max(0, from - CONTEXT)
      lines.drop(kept, dropped)
      kept = kept.slice(dropped)
      from -= dropped
      return finds
    },
    end: () => scanTo(kept.length),
  }
}
