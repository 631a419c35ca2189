import type { Static } from 'typebox'
import { ObjectRemovalView, ObjectsPage, type ObjectView } from '../routes/admin/objects.ts'
import { LONG_TIMEOUT_MS } from './api.ts'
import { queryOf } from './books.ts'
import { REMOTE, type Command } from './command.ts'
import type { Io } from './io.ts'
import { printTable } from './table.ts'
import { apiFor, printRemoval, userPath } from './users.ts'

function printObjects(io: Io, objects: readonly Static<typeof ObjectView>[]): void {
  printTable(
    io,
    ['CREATED', 'KIND', 'ID', 'NAME', 'USER', 'ACCOUNT', 'OPERATION', 'REQUEST', 'EXPIRES'],
    objects.map((object) => [
      object.created_at,
      object.kind,
      object.id,
      object.name,
      object.user,
      object.account,
      object.operation,
      object.request_id,
      object.expires_at ?? 'never',
    ]),
  )
}

const list: Command = {
  words: 'objects',
  positionals: [],
  options: [...REMOTE, 'user', 'kind', 'limit', 'cursor'],
  summary: 'List files, voices, tasks and whose they are, newest first, a page at a time',
  async run(args, io) {
    const { user, kind, limit, cursor } = args.options
    const path = `/admin/v1/objects${queryOf({ user, kind, limit, cursor })}`
    const page = await apiFor(args, io).call(ObjectsPage, 'GET', path)
    if (args.isJson) {
      io.out(JSON.stringify(page))
      return 0
    }
    printObjects(io, page.items)
    if (page.next !== null) io.err(`There are more: --cursor ${page.next}`)
    return 0
  },
}

const remove: Command = {
  words: 'objects delete',
  positionals: ['USER'],
  options: REMOTE,
  summary: 'Delete all objects of a user, at MiniMax too',
  async run(args, io) {
    const path = `${userPath(args.positionals[0])}/objects`
    const done = await apiFor(args, io).call(ObjectRemovalView, 'DELETE', path, undefined, LONG_TIMEOUT_MS)
    if (args.isJson) io.out(JSON.stringify(done))
    else printRemoval(io, done)
    return done.failed.length === 0 ? 0 : 1
  },
}

/** Commands about objects on the shared account. */
export const objectCommands: readonly Command[] = [list, remove]
