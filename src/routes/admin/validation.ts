import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { FastifySchemaCompiler } from 'fastify/types/schema.js'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'

/** Reads the types of a request and its answers off the TypeBox schemas of its route. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

/** The server as the routes of this folder see it. */
export type AdminServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxProvider
>

/** A request that does not fit its schema: where, and what would be right. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** `/a~1b/0` as `a/b` and `0`. */
function stepsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** `operations` and `0` as `operations[0]`. */
function pathFromSteps(steps: readonly string[]): string {
  return steps
    .map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '')
}

/** The schema of a field, as far as this file looks into schemas. */
function fieldOf(schema: TSchema, name: string): { type?: unknown; description?: unknown } {
  if (!('properties' in schema) || typeof schema.properties !== 'object' || schema.properties === null)
    return {}
  const field: unknown = Object.entries(schema.properties).find(([key]) => key === name)?.[1]
  return typeof field === 'object' && field !== null ? field : {}
}

function isSchema(value: unknown): value is TSchema {
  return typeof value === 'object' && value !== null
}

/** The schemas that may stand behind a step: of a field, of the values of a map, of the items of a list. */
function behind(schema: TSchema, step: string): readonly TSchema[] {
  const branches: unknown = 'anyOf' in schema ? schema.anyOf : undefined
  if (Array.isArray(branches)) return branches.filter(isSchema).flatMap((branch) => behind(branch, step))
  const maps: unknown = 'patternProperties' in schema ? schema.patternProperties : undefined
  const inMap: unknown[] = isSchema(maps) ? Object.values(maps) : []
  return [fieldOf(schema, step), ...inMap, 'items' in schema ? schema.items : undefined]
    .filter(isSchema)
    .filter((found) => Object.keys(found).length > 0)
}

/** What is said of the place to which the steps lead, or of the nearest around it of which something is said. */
function descriptionAt(schema: TSchema, steps: readonly string[]): string | undefined {
  let said: string | undefined
  let schemas: readonly TSchema[] = [schema]
  for (const step of steps) {
    schemas = schemas.flatMap((one) => behind(one, step))
    const texts = schemas.map((one): unknown => ('description' in one ? one.description : undefined))
    said = texts.find((text) => typeof text === 'string') ?? said
  }
  return said
}

function problemOf(schema: TSchema, errors: readonly TLocalizedValidationError[]): InvalidInput {
  for (const { keyword, params, instancePath } of errors) {
    const within = instancePath === '' ? '' : `${pathFromSteps(stepsOf(instancePath))}.`
    if (keyword === 'additionalProperties') {
      const path = within + (params.additionalProperties[0] ?? '')
      return new InvalidInput(path, `There is no field "${path}" here.`)
    }
    if (keyword === 'required') {
      const path = within + (params.requiredProperties[0] ?? '')
      return new InvalidInput(path, `The field "${path}" is missing.`)
    }
  }
  const steps = stepsOf(errors[0]?.instancePath ?? '')
  const path = pathFromSteps(steps)
  if (path === '') return new InvalidInput('', 'A JSON object with at least one field is needed here.')
  const right = descriptionAt(schema, steps) ?? errors[0]?.message ?? ''
  return new InvalidInput(path, `The field "${path}" is not right. It is to be: ${right}`)
}

/** Whole numbers of a query, which arrive as text. Nothing else is converted, here or elsewhere. */
function numbersRead(schema: TSchema, query: unknown): unknown {
  if (typeof query !== 'object' || query === null) return query
  return Object.fromEntries(
    Object.entries(query).map(([name, value]: [string, unknown]) => {
      const isNumber = fieldOf(schema, name).type === 'integer'
      return [name, isNumber && typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value]
    }),
  )
}

/**
 * Checks requests against TypeBox schemas: nothing is removed, nothing gets a default, and only numbers of a query are converted.
 * A body that is not there counts as `{}`.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  return (given: unknown) => {
    const value = httpPart === 'querystring' ? numbersRead(schema, given) : (given ?? {})
    return validator.Check(value) ? { value } : { error: problemOf(schema, validator.Errors(value)) }
  }
}
