import { ReinstatedView, SuspendedPage, SuspendedView } from '../routes/admin/end-users.ts'
import { queryOf } from './books.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { printTable } from './table.ts'
import { apiFor, userPath } from './users.ts'

function pathOf({ positionals: [user = '', endUser = ''] }: Arguments, action: string): string {
  return `${userPath(user)}/end-users/${encodeURIComponent(endUser)}/${action}`
}

const list: Command = {
  words: 'end-user list',
  positionals: ['USER'],
  options: [...REMOTE, 'limit', 'cursor'],
  summary: "List the suspended end users of a user's app; what each used: usage --by end_user --user USER",
  async run(args, io) {
    const { limit, cursor } = args.options
    const path = `${userPath(args.positionals[0] ?? '')}/end-users${queryOf({ limit, cursor })}`
    const page = await apiFor(args, io).call(SuspendedPage, 'GET', path)
    if (args.isJson) {
      io.out(JSON.stringify(page))
      return 0
    }
    printTable(
      io,
      ['END USER', 'SUSPENDED', 'BY'],
      page.items.map((one) => [one.end_user, one.suspended_at, one.suspended_by ?? 'operator']),
    )
    if (page.next !== null) io.err(`There are more: --cursor ${page.next}`)
    return 0
  },
}

const suspend: Command = {
  words: 'end-user suspend',
  positionals: ['USER', 'END_USER'],
  options: REMOTE,
  summary: "Stop one end user of a user's app, and what is under way for them; all others go on",
  async run(args, io) {
    const suspended = await apiFor(args, io).call(SuspendedView, 'POST', pathOf(args, 'suspend'), {})
    if (args.isJson) io.out(JSON.stringify(suspended))
    else io.err(`${suspended.end_user} of ${suspended.user} is suspended.`)
    return 0
  },
}

const reinstate: Command = {
  words: 'end-user reinstate',
  positionals: ['USER', 'END_USER'],
  options: REMOTE,
  summary: "Let a suspended end user of a user's app in again",
  async run(args, io) {
    const answer = await apiFor(args, io).call(ReinstatedView, 'POST', pathOf(args, 'reinstate'), {})
    const [user, endUser] = args.positionals
    if (args.isJson) io.out(JSON.stringify(answer))
    else io.err(`${endUser} of ${user} ${answer.was_suspended ? 'is let in again' : 'was not suspended'}.`)
    return 0
  },
}

/** Commands about the end users of the users' own apps. */
export const endUserCommands: readonly Command[] = [list, suspend, reinstate]
