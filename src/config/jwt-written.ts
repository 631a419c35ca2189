import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { parseDuration } from '../lib/durations.ts'
import { isLoopbackHost, originProblem } from './checks.ts'
import { JWT_ALGORITHMS } from './jwt-issuers.ts'
import { nearest } from './suggest.ts'

/** A claim of the first level, by its name: `https://example.com/plan` is one, `a.b` is not the `b` in `a`. */
const claim = Type.String({ minLength: 1, maxLength: 200, expects: 'the name of a claim' })

const texts = Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { minItems: 1, maxItems: 50 })

function isUrl(text: string): boolean {
  if (!URL.canParse(text) || text.length > 2_000) return false
  const { protocol, hostname, username, password, hash } = new URL(text)
  const isOpen = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
  return isOpen && username === '' && password === '' && hash === ''
}

const url = Type.Refine(
  Type.String({ expects: 'an https URL without user name, password and fragment' }),
  isUrl,
  () => '',
)

function within(least: number, most: number): (written: string | number) => boolean {
  return (written) => {
    try {
      const milliseconds = parseDuration(written)
      return milliseconds >= least && milliseconds <= most
    } catch {
      return false
    }
  }
}

function duration(least: number, most: number, expects: string) {
  return Type.Refine(Type.Union([Type.String(), Type.Number()], { expects }), within(least, most), () => '')
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** An issuer as it is written. Each field says what it expects, for the message when it is something else. */
export const WrittenIssuer = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?$',
      expects: 'a name of 1 to 24 of a-z, 0-9 and -',
    }),
    issuer: url,
    audience: Type.Union([Type.String({ minLength: 1, maxLength: 300 }), texts], {
      expects: 'a text or a list of texts',
    }),
    jwks_uri: Type.Optional(url),
    jwks_file: Type.Optional(Type.String({ minLength: 1, expects: 'the path of a file' })),
    jwks: Type.Optional(
      Type.Object({ keys: Type.Array(Type.Unknown(), { minItems: 1 }) }, { expects: 'a JWK Set' }),
    ),
    algorithms: Type.Optional(
      Type.Array(Type.Enum([...JWT_ALGORITHMS]), {
        minItems: 1,
        uniqueItems: true,
        expects: `a list of ${JWT_ALGORITHMS.join(', ')}`,
      }),
    ),
    user_claim: Type.Optional(claim),
    user: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$', expects: 'the id of a user' }),
    ),
    end_user_claim: Type.Optional(claim),
    plan_claim: Type.Optional(claim),
    plan: Type.Optional(Type.String({ minLength: 1, maxLength: 64, expects: 'the id of a plan' })),
    create_users: Type.Optional(Type.Boolean({ expects: 'true or false' })),
    user_namespace: Type.Optional(Type.Enum(['own', 'shared'], { expects: 'own or shared' })),
    leeway: Type.Optional(duration(0, 5 * MINUTE, 'a duration from 0s to 5m')),
    max_age: Type.Optional(duration(MINUTE, 365 * DAY, 'a duration from 1m to 365d')),
    required_claims: Type.Optional(
      Type.Record(
        Type.String({ minLength: 1, maxLength: 200 }),
        Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
        { expects: 'an object of claims and their values' },
      ),
    ),
    operations: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { expects: 'a list of operations' }),
    ),
    models: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { expects: 'a list of models' }),
    ),
    origins: Type.Optional(
      Type.Refine(
        Type.Array(Type.String(), { expects: 'a list of exact web origins, as in https://app.example.com' }),
        (origins) => origins.every((origin) => originProblem(origin) === undefined),
        () => '',
      ),
    ),
  },
  { additionalProperties: false },
)

/** An issuer as it is written, once nothing is wrong with it. */
export type WrittenIssuer = Static<typeof WrittenIssuer>

const FIELDS: readonly (readonly [name: string, schema: TSchema])[] = Object.entries(WrittenIssuer.properties)
const NAMES = FIELDS.map(([name]) => name)
const REQUIRED = new Set(['name', 'issuer', 'audience'])

function expectedOf(schema: TSchema): string {
  return 'expects' in schema && typeof schema.expects === 'string' ? schema.expects : 'valid'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unknownField(field: string): string {
  const meant = nearest(field, NAMES)
  return `is no field of an issuer. ${meant === undefined ? `There are: ${NAMES.join(', ')}` : `Did you mean ${meant}?`}`
}

/**
 * What is wrong with the fields of one issuer, each by itself.
 * @returns lines that begin with the path within the issuer, as `.audience: is missing`; values are never repeated
 */
export function fieldProblems(value: unknown): string[] {
  if (!isRecord(value)) return [': is not an object. Write name, issuer and audience']
  const unknown = Object.keys(value).filter((field) => !NAMES.includes(field))
  const problems = unknown.map((field) => `.${field.slice(0, 40)}: ${unknownField(field)}`)
  for (const [field, schema] of FIELDS) {
    if (value[field] === undefined) {
      if (REQUIRED.has(field)) problems.push(`.${field}: is missing. Write ${expectedOf(schema)}`)
    } else if (!Value.Check(schema, value[field])) problems.push(`.${field}: is not ${expectedOf(schema)}`)
  }
  return problems
}

/** Whether nothing is wrong with the fields. */
export function isWrittenIssuer(value: unknown): value is WrittenIssuer {
  return Value.Check(WrittenIssuer, value)
}
