import { Readable } from 'node:stream'
import type { Static } from 'typebox'
import { createTokenScanner, type TokenFind } from '../auth/token-scan.ts'
import { CheckedTokenView } from '../routes/admin/token-checks.ts'
import { TokenView } from '../routes/admin/schemas.ts'
import type { Api } from './api.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { tokenPrefixOf } from './connection.ts'
import { CommandError, UsageError, type Io } from './io.ts'
import { printTable } from './table.ts'
import { filesOf, type Source } from './token-files.ts'
import { apiFor } from './users.ts'

/** Places that are listed; the others are counted. */
const MOST_LISTED = 10_000

/** Why nobody is asked, when nobody said that somebody must be. */
const NOT_REACHABLE = new Set(['no_admin_token', 'not_reachable'])

/** What the gateway says of a token. */
interface Verdict {
  /** `live`, the code of its refusal, `revoked now`, `unknown` to this gateway, or `not asked`. */
  readonly status: string
  readonly user: string | null
  /** Whether it is one to act upon. */
  readonly isAlarming: boolean
}

/** One place of a token, without its secret. */
interface Row {
  readonly source: string
  readonly line: number
  readonly column: number
  readonly kind: string
  readonly token: string
  readonly checksum: boolean
  readonly status: string
  readonly user: string | null
}

interface Report {
  readonly rows: Row[]
  more: number
  isAlarming: boolean
}

function maskOf({ text, id }: TokenFind): string {
  const mark = text.slice(0, text.indexOf('_') + 1)
  return id === '' ? `${mark}***` : `${mark}${id}_***`
}

/** Asks the gateway about each token once. */
class Inquiry {
  readonly #args: Arguments
  readonly #io: Io
  readonly #known = new Map<string, Verdict>()
  /** Null: nobody is asked. */
  #api: Api | null | undefined

  constructor(args: Arguments, io: Io) {
    this.#args = args
    this.#io = io
    if (args.options.offline !== undefined) this.#api = null
  }

  /** @throws CommandError */
  async verdictOf(find: TokenFind): Promise<Verdict> {
    const known = this.#known.get(find.text)
    if (known !== undefined) return known
    const verdict = await this.#judge(find)
    if (this.#known.size < MOST_LISTED) this.#known.set(find.text, verdict)
    return verdict
  }

  async #judge({ kind, isWhole, text }: TokenFind): Promise<Verdict> {
    const unasked = { status: 'not asked', user: null, isAlarming: isWhole }
    if (!isWhole || kind === 'admin') return unasked
    try {
      this.#api = this.#api === undefined ? apiFor(this.#args, this.#io) : this.#api
      return this.#api === null ? unasked : await this.#ask(this.#api, text)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (error.code === 'not_found') return { status: 'unknown', user: null, isAlarming: false }
      if (!NOT_REACHABLE.has(error.code) || this.#mustAsk) throw error
      this.#api = null
      this.#io.err(`Nobody was asked whether tokens live: ${error.message}`)
      return unasked
    }
  }

  get #mustAsk(): boolean {
    const { url, revoke } = this.#args.options
    return url !== undefined || revoke !== undefined
  }

  async #ask(api: Api, token: string): Promise<Verdict> {
    const found = await api.call(CheckedTokenView, 'POST', '/admin/v1/token-checks', { token })
    const user = found.end_user === null ? found.user_id : `${found.user_id}/${found.end_user}`
    if (!found.live) return { status: found.refusal ?? 'refused', user, isAlarming: false }
    const isRevoked = this.#args.options.revoke !== undefined && (await this.#revoke(api, found))
    return { status: isRevoked ? 'revoked now' : 'live', user, isAlarming: true }
  }

  /** A session has no end of its own; of what it was made somebody else may live. */
  async #revoke(api: Api, { id, kind }: Static<typeof CheckedTokenView>): Promise<boolean> {
    if (kind === 'server') {
      await api.call(TokenView, 'DELETE', `/admin/v1/tokens/${encodeURIComponent(id)}`)
      return true
    }
    this.#io.err(`A session ends with the token that it was made of: minimax-gateway token revoke ${id}`)
    return false
  }
}

/** Text in UTF-16 as the bytes of its ASCII part: Windows writes logs so. */
async function* narrowed(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isWide: boolean | undefined
  for await (const piece of bytes) {
    isWide ??= (piece[0] === 0xff && piece[1] === 0xfe) || (piece[0] === 0xfe && piece[1] === 0xff)
    yield isWide ? piece.filter((byte) => byte !== 0) : piece
  }
}

async function* sourcesOf({ positionals, options }: Arguments, io: Io): AsyncGenerator<Source> {
  const [text] = positionals
  const { file } = options
  if (text !== undefined && file !== undefined) throw new UsageError('a text or --file, not both')
  if (file !== undefined) for (const path of file.split('\n')) yield* filesOf(path)
  else if (text !== undefined && text !== '-')
    yield { name: 'text', bytes: Readable.from([Buffer.from(text)]) }
  else if (io.input === undefined) throw new UsageError('there is nothing to look through')
  else yield { name: 'stdin', bytes: io.input }
}

async function lookThrough(source: Source, prefix: string, inquiry: Inquiry, report: Report): Promise<void> {
  const scanner = createTokenScanner(prefix)
  async function take(finds: readonly TokenFind[]): Promise<void> {
    for (const find of finds) {
      const { status, user, isAlarming } = await inquiry.verdictOf(find)
      report.isAlarming ||= isAlarming
      const { kind, line, column, isWhole: checksum } = find
      const row = { source: source.name, line, column, kind, token: maskOf(find), checksum, status, user }
      if (report.rows.length < MOST_LISTED) report.rows.push(row)
      else report.more++
    }
  }
  for await (const piece of narrowed(source.bytes)) await take(scanner.push(piece))
  await take(scanner.end())
}

function print({ isJson }: Arguments, io: Io, { rows, more }: Report): void {
  if (isJson) {
    io.out(JSON.stringify({ items: rows, more }))
    return
  }
  if (rows.length === 0) {
    io.err('No token was found.')
    return
  }
  printTable(
    io,
    ['WHERE', 'KIND', 'TOKEN', 'CHECKSUM', 'STATUS', 'USER'],
    rows.map(({ source, line, column, kind, token, checksum, status, user }) => [
      `${source}:${line}:${column}`,
      kind,
      token,
      // A session has none that can be seen: its claims were read.
      checksum ? 'holds' : 'does not hold',
      status,
      user ?? '-',
    ]),
  )
  if (more > 0) io.err(`and ${more} more places`)
}

async function run(args: Arguments, io: Io): Promise<number> {
  const prefix = args.options.prefix ?? tokenPrefixOf(io)
  if (!/^[a-z][a-z0-9]{1,11}$/.test(prefix)) throw new UsageError(`${prefix} is not a prefix of tokens`)
  const report: Report = { rows: [], more: 0, isAlarming: false }
  const inquiry = new Inquiry(args, io)
  for await (const source of sourcesOf(args, io)) await lookThrough(source, prefix, inquiry, report)
  print(args, io, report)
  return report.isAlarming ? 1 : 0
}

/** `token check`: finds tokens of ours in any text. As secret scanners do, it ends with 1 when it found one. */
export const tokenCheck: Command = {
  words: 'token check',
  positionals: ['[TEXT]'],
  options: [...REMOTE, 'file', 'prefix', 'offline', 'revoke'],
  summary: 'Find tokens in a text, in files or in stdin; exit code 1 when one lives, 2 on errors',
  async run(args, io) {
    try {
      return await run(args, io)
    } catch (error) {
      throw error instanceof CommandError ? new CommandError(error.code, error.message, 2) : error
    }
  },
}
