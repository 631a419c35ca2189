import type { Kysely } from 'kysely'
import type { Connection } from './connection.ts'
import { createProfileWriter } from './incident-profiles.ts'
import type { AbuseProfile } from './incidents.ts'
import { changesFromText } from './ledger-codec.ts'
import { createLedgerReader, type LedgerReads } from './ledger-reader.ts'
import { LedgerWriter, type Pruned } from './ledger-writer.ts'
import type { TokenUse } from './store.ts'
import type { Tables } from './tables.ts'
import { createUseWriter } from './token-uses.ts'

/** What can be asked of the thread that writes. */
export interface WriterMethods {
  /** @param changes see ledger-codec.ts. @returns null when all of them applied */
  write(changes: string): Promise<readonly boolean[] | null>
  interrupt(at: number): Promise<number>
  prune(before: number, after: string): Promise<Pruned>
  pruneObjects(expiredBefore: number): Promise<number>
  /** Not of the books, and many bytes: the thread that serves requests is not to wait for them. */
  saveProfiles(profiles: readonly AbuseProfile[]): Promise<void>
  /** The same of uses of tokens. */
  saveUses(uses: readonly TokenUse[]): Promise<void>
  check(at: number): Promise<void>
}

export type Role = 'writer' | 'reader'

export interface MethodsOf {
  readonly writer: WriterMethods
  readonly reader: LedgerReads
}

/** One half of the books at work. Its methods are to be called one after the other. */
export interface Service<Methods> {
  readonly methods: Methods
  /** What can wait until an answer is on its way. Never rejects. */
  afterwards(): Promise<void>
}

export async function createWriterService(
  db: Kysely<Tables>,
  connection: Connection,
): Promise<Service<WriterMethods>> {
  const writer = await LedgerWriter.open(db, connection)
  return {
    methods: {
      async write(changes) {
        const applied = await writer.write(changesFromText(changes))
        return applied.includes(false) ? applied : null
      },
      interrupt: (at) => writer.interrupt(at),
      prune: (before, after) => writer.prune(before, after),
      pruneObjects: (expiredBefore) => writer.pruneObjects(expiredBefore),
      saveProfiles: createProfileWriter(db),
      saveUses: createUseWriter(db),
      check: (at) => writer.check(at),
    },
    afterwards: () => writer.fold(),
  }
}

export function createReaderService(db: Kysely<Tables>): Service<LedgerReads> {
  return { methods: createLedgerReader(db), afterwards: async () => undefined }
}
