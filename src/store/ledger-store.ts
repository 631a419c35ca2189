import { cursorFromPosition, positionFromCursor } from './cursor.ts'
import { textFromChanges } from './ledger-codec.ts'
import type { LedgerReads } from './ledger-reader.ts'
import type { Service, WriterMethods } from './ledger-service.ts'
import { LedgerThread } from './ledger-thread.ts'
import type { LedgerStore } from './ledger.ts'

/** Rows and objects that one call of `prune` takes out; with the rest it goes on when it is called again. */
const MAX_PRUNED = 20_000

/** One half of the books, wherever it works. */
export interface Half<Methods> {
  readonly methods: Methods
  close(): Promise<void>
}

const WRITER_METHODS = [
  'write',
  'interrupt',
  'prune',
  'pruneObjects',
  'saveProfiles',
  'saveUses',
  'check',
] as const
const READER_METHODS = [
  'get',
  'list',
  'usage',
  'usageOfEndUsers',
  'spent',
  'sessionCalls',
  'task',
  'tasksDue',
  'taskCounts',
] as const

function inThread(thread: LedgerThread, names: readonly string[]) {
  const methods = Object.fromEntries(
    names.map((name) => [name, (...args: readonly unknown[]) => thread.call(name, args)]),
  )
  return { methods, close: () => thread.close() }
}

/** The writer in a thread of its own. @throws what keeps it from opening the database */
export async function writerInThread(path: string): Promise<Half<WriterMethods>> {
  const options = { timeout: 2000, cache: 32_768 }
  const thread = new LedgerThread({ path, role: 'writer', options })
  await thread.start()
  const { methods, close } = inThread(thread, WRITER_METHODS)
  // The other side of the boundary serves exactly this interface: no guard could tell more.
  return { methods: methods as unknown as WriterMethods, close }
}

/** The reader in a thread of its own, which the first question starts. */
export function readerInThread(path: string): Half<Omit<LedgerReads, 'runningTasks'>> {
  const options = { timeout: 2000, cache: 32_768 }
  const thread = new LedgerThread({ path, role: 'reader', options })
  const { methods, close } = inThread(thread, READER_METHODS)
  return { methods: methods as unknown as Omit<LedgerReads, 'runningTasks'>, close }
}

type Method = (...args: readonly unknown[]) => Promise<unknown>

/** Lets each call wait for the one before: both halves of books in memory share one connection. */
export function takingTurns(): <Methods extends object>(service: Service<Methods>) => Methods {
  let turn: Promise<unknown> = Promise.resolve()
  return <Methods extends object>(service: Service<Methods>): Methods => {
    const entries = Object.entries<Method>({ ...service.methods } as unknown as Record<string, Method>)
    const inTurn = entries.map(([name, method]) => {
      const call: Method = (...args) => {
        const result = turn.then(() => method(...args))
        turn = result.catch(() => undefined).then(() => service.afterwards())
        return result
      }
      return [name, call] as const
    })
    return Object.assign({}, service.methods, Object.fromEntries(inTurn))
  }
}

/** Takes objects out in pieces, between which calls are written. */
async function pruneObjects(writer: WriterMethods, expiredBefore: number): Promise<number> {
  let objects = 0
  for (let step = -1; step !== 0 && objects < MAX_PRUNED; objects += step) {
    step = await writer.pruneObjects(expiredBefore)
  }
  return objects
}

/** The books out of their two halves. */
export function createLedgerStore(writer: WriterMethods, reader: LedgerReads): LedgerStore {
  return {
    ...reader,

    async write(changes) {
      if (changes.length === 0) return []
      const applied = await writer.write(textFromChanges(changes))
      return applied ?? changes.map(() => true)
    },

    async list({ limit, cursor }, filter) {
      const before = cursor === undefined ? undefined : positionFromCursor(cursor).id
      const { items, end } = await reader.list({ limit, before }, filter)
      // Ids begin with their time, so the time that a position has is not needed.
      return { items, next: end === null ? null : cursorFromPosition({ createdAt: 0, id: end }) }
    },

    interrupt: (at) => writer.interrupt(at),

    async prune(before, expiredBefore) {
      let rows = await pruneObjects(writer, expiredBefore)
      let next: string | null = ''
      while (next !== null && rows < MAX_PRUNED) {
        const step = await writer.prune(before, next)
        rows += step.rows
        next = step.next
      }
      return rows
    },
  }
}
