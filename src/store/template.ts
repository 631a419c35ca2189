import { sql, type Compilable, type CompiledQuery, type RawBuilder } from 'kysely'

/** Stands in a statement where a value comes later. */
class Slot {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

/** A statement that was compiled once and takes its values from an object of a known type. */
export interface Template<Values, Row = unknown> {
  readonly query: CompiledQuery<Row>
  /** The values of its parameters, in their order. */
  bind(values: Values): unknown[]
}

/** Where the statement takes a value out of the object. */
export type Place<Values> = <Value>(read: (values: Values) => Value) => RawBuilder<Value>

/**
 * Compiles a statement for later. Building one costs several times what running it does, so that what every call
 * needs is built once.
 * @param build makes the statement with Kysely; `place` marks what comes from the values
 */
export function template<Values, Row = unknown>(
  build: (place: Place<Values>) => Compilable<Row>,
): Template<Values, Row> {
  const reads: ((values: Values) => unknown)[] = []
  const query = build((read) => sql`${new Slot(reads.push(read) - 1)}`).compile()
  const binders = query.parameters.map((parameter) => {
    const read = parameter instanceof Slot ? reads[parameter.index] : undefined
    return read ?? (() => parameter)
  })
  return { query, bind: (values) => binders.map((read) => read(values)) }
}
