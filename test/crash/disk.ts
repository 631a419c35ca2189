import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A row as it lay on the disk. */
export interface StoredRow {
  readonly id: string
  /** JSON. */
  readonly usage: string
  /** Nano-units. */
  readonly charged: bigint
}

/** What a killed gateway left behind. */
export interface Remains {
  readonly integrity: string
  readonly open: readonly StoredRow[]
}

function stored({ id, usage, charged }: Record<string, unknown>): StoredRow {
  if (typeof id !== 'string' || typeof usage !== 'string' || typeof charged !== 'bigint')
    throw new Error('a row of the books is not as it should be')
  return { id, usage, charged }
}

/** Looks at a copy of a database that nobody has open, so that what opens it next finds it as it is. */
export async function examine(dataDir: string): Promise<Remains> {
  const copy = await mkdtemp(join(tmpdir(), 'crash-copy-'))
  try {
    for (const name of await readdir(dataDir))
      if (name.startsWith('gateway.db')) await cp(join(dataDir, name), join(copy, name))
    const database = new DatabaseSync(join(copy, 'gateway.db'), { readBigInts: true })
    try {
      const integrity = Object.values(database.prepare('PRAGMA integrity_check').get() ?? {}).join()
      const rows = database.prepare("SELECT id, usage, charged FROM requests WHERE state = 'open'").all()
      return { integrity, open: rows.map(stored) }
    } finally {
      database.close()
    }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}
