import type { Static } from 'typebox'
import { AuditPage, type AuditView } from '../routes/admin/audit.ts'
import { queryOf, timeFrom } from './books.ts'
import { REMOTE, type Command } from './command.ts'
import { printTable } from './table.ts'
import { tokenIdOf } from './tokens.ts'
import { apiFor } from './users.ts'

/** What a change came to, in one cell: only what is different. */
function changeText({ before, after, error }: Static<typeof AuditView>): string {
  if (error !== null) return error
  if (before === null && after === null) return '-'
  return `${JSON.stringify(before)} → ${JSON.stringify(after)}`
}

const audit: Command = {
  words: 'audit',
  positionals: [],
  options: [...REMOTE, 'operator', 'action', 'target', 'from', 'to', 'limit', 'cursor'],
  summary: 'List what operators changed or tried to change, newest first, a page at a time',
  async run(args, io) {
    const { operator, action, target, from, to, limit, cursor } = args.options
    const query = queryOf({
      operator: operator && tokenIdOf(operator),
      action,
      target,
      from: timeFrom(from),
      to: timeFrom(to),
      limit,
      cursor,
    })
    const page = await apiFor(args, io).call(AuditPage, 'GET', `/admin/v1/audit${query}`)
    if (args.isJson) {
      io.out(JSON.stringify(page))
      return 0
    }
    printTable(
      io,
      ['AT', 'OPERATOR', 'NAME', 'ADDRESS', 'ACTION', 'TARGET', 'OUTCOME', 'CHANGE'],
      page.items.map((entry) => [
        entry.at,
        entry.operator,
        entry.name,
        entry.address,
        entry.action,
        entry.target,
        entry.outcome,
        changeText(entry),
      ]),
    )
    if (page.next !== null) io.err(`There are more: --cursor ${page.next}`)
    return 0
  },
}

/** Commands about the audit log. */
export const auditCommands: readonly Command[] = [audit]
