import type { ExpressionBuilder, Kysely } from 'kysely'
import { UNITS, type Unit } from '../minimax/units.ts'
import type { Bill, LedgerChange, RequestOpening, RequestSettlement, TaskOpening } from './ledger.ts'
import { addedSums, COUNT_COLUMNS, GRAIN, type Tally } from './sums.ts'
import type { Tables } from './tables.ts'
import { template, type Place, type Template } from './template.ts'

type Change<Kind extends LedgerChange['kind']> = Extract<LedgerChange, { kind: Kind }>

/** A bill that goes to a row which is named by its id. */
interface Billing {
  readonly id: string
  readonly bill: Bill
}

interface Ending extends Billing {
  readonly change: Change<'end'>
}

function billColumns<Values>(place: Place<Values>, billOf: (values: Values) => Bill) {
  return {
    usage: place((values) => JSON.stringify(billOf(values).usage)),
    list: place((values) => billOf(values).list),
    charged: place((values) => billOf(values).charged),
    currency: place((values) => billOf(values).currency),
    multiplier: place((values) => billOf(values).multiplier),
    price_version: place((values) => billOf(values).priceVersion),
    estimated: place((values) => (billOf(values).estimated ? 1 : 0)),
  }
}

function answerColumns(place: Place<RequestSettlement>) {
  return {
    model: place((values) => values.model),
    upstream_key: place((values) => values.upstreamKey),
    outcome: place((values) => values.outcome),
    http_status: place((values) => values.httpStatus),
    provider_code: place((values) => values.providerCode),
    duration_ms: place((values) => values.durationMs),
    first_byte_ms: place((values) => values.firstByteMs),
    bytes_in: place((values) => values.bytesIn),
    bytes_out: place((values) => values.bytesOut),
  }
}

function requestStatements(db: Kysely<Tables>) {
  return {
    open: template<RequestOpening>((place) =>
      db
        .insertInto('requests')
        .values({
          id: place((values) => values.requestId),
          at: place((values) => values.at),
          user_id: place((values) => values.userId),
          token_id: place((values) => values.tokenId),
          session_id: place((values) => values.sessionId),
          end_user: place((values) => values.endUser),
          operation: place((values) => values.operation),
          modality: place((values) => values.modality),
          model: place((values) => values.model),
          currency: place((values) => values.currency),
          multiplier: place((values) => values.multiplier),
          state: 'open',
        })
        .onConflict((conflict) => conflict.doNothing()),
    ),
    progress: template<Billing>((place) =>
      db
        .updateTable('requests')
        .set(billColumns(place, ({ bill }) => bill))
        .where(
          'id',
          '=',
          place(({ id }) => id),
        )
        .where('state', '=', 'open'),
    ),
    settle: template<RequestSettlement>((place) =>
      db
        .updateTable('requests')
        .set({
          ...billColumns(place, (values) => values),
          ...answerColumns(place),
          state: 'settled',
          settled_at: place((values) => values.settledAt),
        })
        .where(
          'id',
          '=',
          place((values) => values.requestId),
        )
        .where('state', '=', 'open'),
    ),
    pend: template<RequestSettlement>((place) =>
      db
        .updateTable('requests')
        .set({ ...billColumns(place, nothingOf), ...answerColumns(place), state: 'pending' })
        .where(
          'id',
          '=',
          place((values) => values.requestId),
        )
        .where('state', '=', 'open'),
    ),
    settlePending: template<Ending, EndedRequest>((place) =>
      db
        .updateTable('requests')
        .set({
          ...billColumns(place, ({ bill }) => bill),
          state: 'settled',
          outcome: place(({ change }) => change.outcome),
          settled_at: place(({ change }) => change.at),
        })
        .where(
          'id',
          '=',
          place(({ id }) => id),
        )
        .where('state', '=', 'pending')
        .returning(['user_id', 'token_id', 'operation', 'modality', 'model']),
    ),
  }
}

interface EndedRequest {
  user_id: string
  token_id: string
  operation: string
  modality: string
  model: string
}

/** The settlement's bill with nothing on it. */
export function nothingOf(bill: Bill): Bill {
  const { currency, multiplier, priceVersion } = bill
  return { usage: {}, list: 0n, charged: 0n, currency, multiplier, priceVersion, estimated: false }
}

function taskColumns(place: Place<TaskOpening>) {
  return {
    ...billColumns(place, ({ bill }) => bill),
    request_id: place((values) => values.requestId),
    user_id: place((values) => values.userId),
    token_id: place((values) => values.tokenId),
    operation: place((values) => values.operation),
    model: place((values) => values.model),
    facts: place((values) => values.facts),
    created_at: place((values) => values.createdAt),
    next_poll_at: place((values) => values.nextPollAt),
  }
}

function taskStatements(db: Kysely<Tables>) {
  return {
    // An account that starts anew counts its tasks from the beginning: what has ended gives way to what runs.
    addTask: template<TaskOpening>((place) =>
      db
        .insertInto('tasks')
        .values({
          ...taskColumns(place),
          id: place(({ taskId }) => taskId),
          upstream_key: place(({ upstreamKey }) => upstreamKey),
          state: 'running',
        })
        .onConflict((conflict) =>
          conflict
            .columns(['id', 'upstream_key'])
            .doUpdateSet({ ...taskColumns(place), state: 'running', polls: 0, settled_at: null })
            .where('tasks.state', '<>', 'running'),
        ),
    ),
    endTask: template<Change<'end'>, { request_id: string }>((place) =>
      db
        .updateTable('tasks')
        .set({
          ...billColumns(place, ({ bill }) => bill),
          state: place(({ state }) => state),
          settled_at: place(({ at }) => at),
        })
        .where((is) => isRunning(is, place))
        .returning('request_id'),
    ),
    pollTask: template<Change<'poll'>>((place) =>
      db
        .updateTable('tasks')
        .set({
          polls: place(({ polls }) => polls),
          next_poll_at: place(({ nextPollAt }) => nextPollAt),
        })
        .where((is) => isRunning(is, place)),
    ),
  }
}

interface TaskName {
  readonly taskId: string
  readonly upstreamKey: string
}

function isRunning<Values extends TaskName>(is: ExpressionBuilder<Tables, 'tasks'>, place: Place<Values>) {
  return is.and([
    is(
      'id',
      '=',
      place(({ taskId }) => taskId),
    ),
    is(
      'upstream_key',
      '=',
      place(({ upstreamKey }) => upstreamKey),
    ),
    is('state', '=', 'running'),
  ])
}

/** Adds a tally that has these units: columns that are not there cost nothing. */
function addHourOf(db: Kysely<Tables>, units: readonly Unit[]): Template<Tally> {
  return template<Tally>((place) => {
    const quantities: Record<string, unknown> = Object.fromEntries(
      units.map((unit) => [unit, place((tally) => tally.units.get(unit) ?? 0)]),
    )
    return db
      .insertInto('usage_hours')
      .values({
        hour: place((tally) => tally.hour),
        user_id: place((tally) => tally.userId),
        token_id: place((tally) => tally.tokenId),
        operation: place((tally) => tally.operation),
        modality: place((tally) => tally.modality),
        model: place((tally) => tally.model),
        currency: place((tally) => tally.currency),
        calls: place((tally) => tally.calls),
        failures: place((tally) => tally.failures),
        estimated: place((tally) => tally.estimated),
        list: place((tally) => tally.list),
        charged: place((tally) => tally.charged),
        ...quantities,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['hour', ...GRAIN])
          .doUpdateSet(addedSums('usage_hours', [...COUNT_COLUMNS, ...units])),
      )
  })
}

/** The statement that adds a tally to its hour; there is one for every set of units that was met. */
function addHourStatements(db: Kysely<Tables>): (tally: Tally) => Template<Tally> {
  const statements = new Map<string, Template<Tally>>()
  return ({ units }) => {
    const used = UNITS.filter((unit) => units.has(unit))
    const name = used.join()
    let statement = statements.get(name)
    if (statement === undefined) statements.set(name, (statement = addHourOf(db, used)))
    return statement
  }
}

function addLine(db: Kysely<Tables>) {
  return template<string>((place) => db.insertInto('usage_journal').values({ line: place((line) => line) }))
}

/** The statements that every call or task costs, compiled once. */
export function ledgerStatements(db: Kysely<Tables>) {
  return {
    ...requestStatements(db),
    ...taskStatements(db),
    addLine: addLine(db),
    addHour: addHourStatements(db),
  }
}
