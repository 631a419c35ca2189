import { sql, type Kysely } from 'kysely'
import { GatewayError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { foldedHours, foldHour, HOUR_MS } from './ledger-folding.ts'
import { idFromTime } from './ledger-ids.ts'
import { lineFromTallies, talliesFromLine } from './ledger-journal.ts'
import { requestFromRow, selectRequests } from './ledger-rows.ts'
import { ledgerStatements, nothingOf } from './ledger-statements.ts'
import type { LedgerChange, RequestSettlement } from './ledger.ts'
import { objectStatements } from './object-statements.ts'
import type { OwnedObject } from './objects.ts'
import { Tallies, type Entry } from './sums.ts'
import type { Tables } from './tables.ts'

/** Tallies that the journal may hold: the more, the cheaper each; a reader has to add them up, and a call to wait. */
const MAX_JOURNAL = 500

/** Rows that one transaction takes out or settles, so that a call never waits long for its turn. */
const CHUNK = 500

type Change<Kind extends LedgerChange['kind']> = Extract<LedgerChange, { kind: Kind }>

/** What one step of pruning did. */
export interface Pruned {
  readonly rows: number
  /** Where the next step goes on; null: nothing is left. */
  readonly next: string | null
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS)
}

/** The one that writes the books. Its calls must come one after the other, and no other may write the same books. */
export class LedgerWriter {
  readonly #db: Kysely<Tables>
  readonly #connection: Connection
  readonly #statements: ReturnType<typeof ledgerStatements>
  readonly #objects: ReturnType<typeof objectStatements>
  /** Hours before this one are in the totals of their day, and closed. */
  #folded: number
  /** The latest hour in which a call was settled. */
  #latest: number
  /** Tallies that were added to the journal since it was last emptied. */
  #journal = 0
  #foldingError: unknown

  private constructor(db: Kysely<Tables>, connection: Connection) {
    this.#db = db
    this.#connection = connection
    this.#statements = ledgerStatements(db)
    this.#objects = objectStatements(db)
    this.#folded = 0
    this.#latest = 0
  }

  /** @param db compiles statements; they run on the connection */
  static async open(db: Kysely<Tables>, connection: Connection): Promise<LedgerWriter> {
    const writer = new LedgerWriter(db, connection)
    writer.#folded = await foldedHours(db, connection)
    // What an earlier process left in the journal; after this the latest hour is in the table.
    await writer.#emptyJournal()
    const query = db.selectFrom('usage_hours').select('hour').orderBy('hour', 'desc').limit(1)
    const [last] = await connection.all(query.compile())
    writer.#latest = Math.max(writer.#folded, last?.hour ?? 0)
    return writer
  }

  /** See `LedgerStore.write`. */
  async write(changes: readonly LedgerChange[]): Promise<readonly boolean[]> {
    const tallies = new Tallies()
    const results = await this.#connection.transaction(async () => {
      const applied: boolean[] = []
      for (const change of changes) applied.push(await this.#apply(change, tallies))
      if (tallies.size > 0) {
        await this.#connection.runWith(this.#statements.addLine, lineFromTallies(tallies.values()))
      }
      return applied
    })
    this.#journal += tallies.size
    this.#advance(tallies)
    return results
  }

  /** See `LedgerStore.interrupt`. */
  async interrupt(at: number): Promise<number> {
    // In these words it is the condition of an index, without which every row there is would be looked at.
    const isOpen = sql<boolean>`state = 'open'`
    const open = selectRequests(this.#db).where(isOpen).where('at', '<=', at).limit(CHUNK)
    for (let count = 0; ;) {
      const rows = await this.#connection.all(open.compile())
      if (rows.length === 0) return count
      const settlements = rows.map((row): LedgerChange => {
        const request = requestFromRow(row)
        const outcome = 'gateway_interrupted'
        const settlement = {
          ...request,
          outcome,
          durationMs: request.durationMs ?? 0,
          settledAt: at,
        } as const
        return { kind: 'settle', settlement }
      })
      await this.write(settlements)
      count += rows.length
    }
  }

  /**
   * Takes out some of what is older; to be called again from where it stopped.
   * @param after where the last step stopped; '' to begin
   */
  async prune(before: number, after: string): Promise<Pruned> {
    const db = this.#db
    const end = idFromTime(before)
    const chunk = db
      .selectFrom('requests')
      .select('id')
      .where('id', '>', after)
      .where('id', '<', end)
      .orderBy('id')
      .limit(1)
      .offset(CHUNK - 1)
    const [last] = await this.#connection.all(chunk.compile())
    const rows = await this.#connection.run(
      db
        .deleteFrom('requests')
        .where('id', '>', after)
        .where('id', last === undefined ? '<' : '<=', last?.id ?? end)
        .where('state', '=', 'settled')
        .where('settled_at', '<', before)
        .compile(),
    )
    if (last === undefined) await this.#pruneTasks(before)
    return { rows, next: last?.id ?? null }
  }

  /** Takes out some of the objects that expired before. @returns how many; 0: none are left */
  async pruneObjects(expiredBefore: number): Promise<number> {
    return await this.#connection.runWith(this.#objects.expire, { before: expiredBefore, limit: CHUNK })
  }

  /** Proves that a write would succeed now. */
  async check(at: number): Promise<void> {
    const query = this.#db
      .insertInto('heartbeats')
      .values({ id: 1, at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ at }))
    await this.#connection.run(query.compile())
    if (this.#foldingError !== undefined) {
      throw new GatewayError('store_unavailable', undefined, { cause: this.#foldingError })
    }
  }

  /** Brings the tables of totals up to date; the totals that are asked for are right without it, only slower. */
  async fold(): Promise<void> {
    try {
      if (this.#journal >= MAX_JOURNAL || this.#folded < this.#latest) await this.#emptyJournal()
      while (this.#folded < this.#latest) {
        this.#folded = await foldHour(this.#db, this.#connection, {
          folded: this.#folded,
          current: this.#latest,
        })
      }
      this.#foldingError = undefined
    } catch (error) {
      // It is tried again after the next write; until then the check tells of it.
      this.#foldingError = error
    }
  }

  async #pruneTasks(before: number): Promise<void> {
    const old = this.#db
      .selectFrom('tasks')
      .select('request_id')
      .where('settled_at', '<', before)
      .limit(CHUNK)
    const query = this.#db
      .deleteFrom('tasks')
      .where('request_id', 'in', old)
      .where('settled_at', '<', before)
      .compile()
    while ((await this.#connection.run(query)) > 0);
  }

  async #apply(change: LedgerChange, tallies: Tallies): Promise<boolean> {
    const connection = this.#connection
    const statements = this.#statements
    switch (change.kind) {
      case 'open':
        return (await connection.runWith(statements.open, change.opening)) > 0
      case 'progress':
        return (
          (await connection.runWith(statements.progress, { id: change.requestId, bill: change.bill })) > 0
        )
      case 'settle':
        return await this.#settle(change.settlement, tallies)
      case 'pend':
        return await this.#pend(change, tallies)
      case 'end':
        return await this.#end(change, tallies)
      case 'poll':
        return (await connection.runWith(statements.pollTask, change)) > 0
      case 'own':
        return await this.#own(change.object)
      case 'disown':
        return (await connection.runWith(this.#objects.disown, change.object)) > 0
    }
  }

  async #own(object: OwnedObject): Promise<boolean> {
    // The same audio has the same cover features, whoever sends it.
    if (object.kind !== 'cover_feature') {
      const [foreign] = await this.#connection.allWith(this.#objects.foreign, object)
      if (foreign !== undefined) return false
    }
    return (await this.#connection.runWith(this.#objects.own, object)) > 0
  }

  async #settle(settlement: RequestSettlement, tallies: Tallies): Promise<boolean> {
    const settledAt = this.#countedAt(settlement.settledAt)
    const counted = settledAt === settlement.settledAt ? settlement : { ...settlement, settledAt }
    if ((await this.#connection.runWith(this.#statements.settle, counted)) === 0) return false
    tallies.add(counted, hourOf(settledAt))
    return true
  }

  async #pend({ settlement, task }: Change<'pend'>, tallies: Tallies): Promise<boolean> {
    // A task that is running already is paid for by the call that made it.
    if ((await this.#connection.runWith(this.#statements.pend, settlement)) === 0) return false
    if ((await this.#connection.runWith(this.#statements.addTask, task)) > 0) return true
    const { requestId: id, outcome, settledAt: at } = settlement
    const { taskId, upstreamKey } = task
    const bill = nothingOf(settlement)
    await this.#settlePending(
      id,
      { kind: 'end', taskId, upstreamKey, state: 'failed', outcome, bill, at },
      tallies,
    )
    return false
  }

  async #end(change: Change<'end'>, tallies: Tallies): Promise<boolean> {
    const { bill } = change
    const [task] = await this.#connection.allWith(this.#statements.endTask, { ...change, bill })
    if (task === undefined) return false
    await this.#settlePending(task.request_id, change, tallies)
    return true
  }

  async #settlePending(id: string, change: Change<'end'>, tallies: Tallies): Promise<void> {
    const { bill, outcome } = change
    const at = this.#countedAt(change.at)
    const counted = { ...change, at }
    const [row] = await this.#connection.allWith(this.#statements.settlePending, {
      id,
      change: counted,
      bill,
    })
    if (row === undefined) return
    const { user_id: userId, token_id: tokenId, operation, modality, model } = row
    const entry: Entry = { ...bill, userId, tokenId, operation, modality, model, outcome }
    tallies.add(entry, hourOf(at))
  }

  /** Puts the journal into the totals of the hours. It must be empty before an hour is closed. */
  async #emptyJournal(): Promise<void> {
    const connection = this.#connection
    const lines = this.#db.selectFrom('usage_journal').select('line').compile()
    await connection.transaction(async () => {
      const tallies = new Tallies()
      for (const { line } of await connection.all(lines)) {
        for (const tally of talliesFromLine(line)) tallies.merge(tally)
      }
      for (const tally of tallies.values()) {
        await connection.runWith(this.#statements.addHour(tally), tally)
      }
      await connection.run(this.#db.deleteFrom('usage_journal').compile())
    })
    this.#journal = 0
  }

  /** An hour that is in the totals of its day is closed: what comes late counts in the first that is not, in its row too. */
  #countedAt(at: number): number {
    return Math.max(at, this.#folded * HOUR_MS)
  }

  #advance(tallies: Tallies): void {
    for (const { hour } of tallies.values()) this.#latest = Math.max(this.#latest, hour)
  }
}
