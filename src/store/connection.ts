import type { CompiledQuery } from 'kysely'
import type { Template } from './template.ts'

/**
 * What the books ask of a connection to a database: statements come from Kysely, and are run without its executor,
 * which would cost more than the statements themselves.
 */
export interface Connection {
  /** @returns how many rows it changed */
  run(query: CompiledQuery): number | Promise<number>
  runWith<Values>(template: Template<Values>, values: Values): number | Promise<number>
  all<Row>(query: CompiledQuery<Row>): readonly Row[] | Promise<readonly Row[]>
  allWith<Values, Row>(
    template: Template<Values, Row>,
    values: Values,
  ): readonly Row[] | Promise<readonly Row[]>
  /** All that `work` writes, or nothing. */
  transaction<Result>(work: () => Promise<Result>): Promise<Result>
}
