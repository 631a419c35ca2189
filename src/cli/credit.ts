import type { Static } from 'typebox'
import { CodesPage, CodeView, IssuedCodesView } from '../routes/admin/credit-codes.ts'
import { CreditsPage, NewCreditView } from '../routes/admin/credits.ts'
import { BalanceView } from '../routes/standing-json.ts'
import { queryOf } from './books.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { UsageError, type Io } from './io.ts'
import { printTable } from './table.ts'
import { apiFor, userPath } from './users.ts'

type Code = Static<typeof CodeView>

const CODES = '/admin/v1/credit-codes'

/** An amount above 0: which way it goes is said by the command. */
function amountFrom(written = ''): string {
  if (/^\d+(?:\.\d+)?$/.test(written)) return written
  throw new UsageError(`"${written}" is no amount: write a decimal number, such as 5.00`)
}

function numberFrom(written: string | undefined, option: string): number | undefined {
  if (written === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written)
  throw new UsageError(`--${option} needs a whole number of at least 1, not "${written}"`)
}

/** Gives or takes, as one command each: an amount below 0 would look like an option. */
function move(words: string, sign: '' | '-', summary: string): Command {
  return {
    words,
    positionals: ['USER', 'AMOUNT'],
    options: [...REMOTE, 'reason', 'id'],
    summary,
    async run(args, io) {
      const [user, amount] = args.positionals
      const { reason, id } = args.options
      if (reason === undefined) throw new UsageError(`"${words}" needs --reason TEXT, which stays on record`)
      const body = { amount: `${sign}${amountFrom(amount)}`, reason, id }
      const entry = await apiFor(args, io).call(NewCreditView, 'POST', `${userPath(user)}/credits`, body)
      const balance = entry.balance === null ? 'cannot be read now' : `is ${entry.balance}`
      if (args.isJson) io.out(JSON.stringify(entry))
      else io.err(`${entry.user_id}: ${entry.amount} ${entry.currency}; the balance ${balance}.`)
      return 0
    },
  }
}

const list: Command = {
  words: 'credit list',
  positionals: ['USER'],
  options: [...REMOTE, 'limit', 'cursor'],
  summary: 'List what a user was given, newest first, a page at a time',
  async run(args, io) {
    const { limit, cursor } = args.options
    const path = `${userPath(args.positionals[0])}/credits${queryOf({ limit, cursor })}`
    const page = await apiFor(args, io).call(CreditsPage, 'GET', path)
    if (args.isJson) {
      io.out(JSON.stringify(page))
      return 0
    }
    const rows = page.items.map(({ at, id, kind, amount, reason }) => [at, id, kind, amount, reason])
    printTable(io, ['AT', 'ID', 'KIND', 'AMOUNT', 'REASON'], rows)
    if (page.next !== null) io.err(`There are more: --cursor ${page.next}`)
    return 0
  },
}

const balance: Command = {
  words: 'credit balance',
  positionals: ['USER'],
  options: REMOTE,
  summary: 'Print what a user has left to spend',
  async run(args, io) {
    const path = `${userPath(args.positionals[0])}/balance`
    const answer = await apiFor(args, io).call(BalanceView, 'GET', path)
    io.out(args.isJson ? JSON.stringify(answer) : answer.available)
    if (!args.isJson)
      io.err(`${answer.currency}, of a balance of ${answer.balance} with ${answer.held} held.`)
    return 0
  },
}

function printCodes(io: Io, codes: readonly Code[]): void {
  printTable(
    io,
    ['ID', 'AMOUNT', 'USED', 'USES', 'STATUS', 'EXPIRES', 'CREATED', 'REASON'],
    codes.map((code) => [
      code.id,
      code.amount,
      String(code.used),
      String(code.uses),
      code.status,
      code.expires_at ?? 'never',
      code.created_at,
      code.reason,
    ]),
  )
}

/** The codes alone on stdout, so that they can be piped. */
function printIssued(args: Arguments, io: Io, issued: Static<typeof IssuedCodesView>): void {
  if (args.isJson) {
    io.out(JSON.stringify(issued))
    return
  }
  io.err('They are shown this once. Keep them safe:')
  for (const { code } of issued.codes) io.out(code)
}

const createCode: Command = {
  words: 'credit code create',
  positionals: ['AMOUNT'],
  options: [...REMOTE, 'uses', 'expires-in', 'reason', 'count'],
  summary: 'Make codes that users redeem for credit; prints the codes alone',
  async run(args, io) {
    const { uses, reason, count, 'expires-in': expiresIn } = args.options
    const body = {
      amount: amountFrom(args.positionals[0]),
      uses: numberFrom(uses, 'uses'),
      expires_in: expiresIn,
      reason,
      count: numberFrom(count, 'count'),
    }
    printIssued(args, io, await apiFor(args, io).call(IssuedCodesView, 'POST', CODES, body))
    return 0
  },
}

const listCodes: Command = {
  words: 'credit code list',
  positionals: [],
  options: REMOTE,
  summary: 'List codes, newest first, never their whole text',
  async run(args, io) {
    const api = apiFor(args, io)
    const codes = await api.all((query) => api.call(CodesPage, 'GET', `${CODES}?${query}`))
    if (args.isJson) io.out(JSON.stringify({ items: codes }))
    else printCodes(io, codes)
    return 0
  },
}

const WHOLE_CODE = /^MMGC-([0-9A-Z]{4}-[0-9A-Z]{4})(?:-[0-9A-Z]{4}){3}$/

const revokeCode: Command = {
  words: 'credit code revoke',
  positionals: ['ID'],
  options: REMOTE,
  summary: 'Refuse a code, named by its id or whole, from now on; what it gave stays',
  async run(args, io) {
    const written = (args.positionals[0] ?? '').toUpperCase()
    const id = WHOLE_CODE.exec(written)?.[1] ?? written
    const code = await apiFor(args, io).call(CodeView, 'DELETE', `${CODES}/${encodeURIComponent(id)}`)
    if (args.isJson) io.out(JSON.stringify(code))
    else io.err(`Code ${code.id} is revoked; it was used ${code.used} of ${code.uses} times.`)
    return 0
  },
}

/** Commands about credit. */
export const creditCommands: readonly Command[] = [
  move('credit add', '', 'Give credit to a user'),
  move('credit take', '-', 'Take credit away from a user, to put a mistake right'),
  list,
  balance,
  createCode,
  listCodes,
  revokeCode,
]
