import { Type, type TSchema } from 'typebox'
import { GatewayError } from '../../errors.ts'
import { parseDuration } from '../../lib/durations.ts'
import { MULTIPLIER } from '../../lib/money.ts'

/** For objects: no field beside those that are named. */
export const closed = { additionalProperties: false }

/** For what takes no fields: no body and no query, or empty ones. */
export const NOTHING = Type.Object({}, closed)

/** The id of a user. */
export const userId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$',
  description: 'User id: a letter or digit, then up to 63 letters, digits or . _ @ -',
})

/** The public id of a token. */
export const tokenId = Type.String({
  pattern: '^[0-9A-Za-z]{12}$',
  description: 'Token id: 12 letters and digits.',
})

/** An end user of a user's own app. */
export const endUserName = Type.String({
  pattern: '^[\\x21-\\x7e]{1,128}$',
  description: "End user, by the name that the user's app gave: 1 to 128 visible ASCII characters.",
})

/** A moment in an answer. */
export const time = Type.String({ format: 'date-time' })

/** A moment in an answer, or null: not yet, or never. */
export const timeOrNull = Type.Union([time, Type.Null()])

/** How long a page of a list may be. */
export const limit = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 1000,
    description: 'Most items of the page: 1 to 1000; 100 unless said.',
  }),
)

/** Where a page of a list begins. */
export const cursor = Type.Optional(
  Type.String({ minLength: 1, maxLength: 256, description: '"next" of the page before, as it came.' }),
)

/** Where the next page of a list begins. */
export const next = Type.Union([Type.String(), Type.Null()], {
  description: 'Cursor of the next page; null at the end.',
})

/** One line of text that a person wrote: no control characters, so that it breaks neither logs nor terminals. */
const LINE = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$'

/** A line of text. @param what names it in the description */
export function line(maxLength: number, what: string) {
  return Type.String({
    minLength: 1,
    maxLength,
    pattern: LINE,
    description: `${what}: 1 to ${maxLength} characters on one line.`,
  })
}

/** What may also be taken away. */
export const orNull = <Schema extends TSchema>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { description })

/** What prices are multiplied by. */
export const multiplier = orNull(
  Type.String({ pattern: MULTIPLIER }),
  'What they pay, as a multiple of the list price: a text as "0.4", from 0 to 1000000 with up to 9 decimals; or null.',
)

/** A list of names of its caller's world: operations, models. */
export const names = (maxLength: number, description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength }), { maxItems: 200, uniqueItems: true, description })

/** A text in an answer, or null: there is none. */
export const textOrNull = Type.Union([Type.String(), Type.Null()])

/** How long something lasts. @param what names it in the description */
export const duration = (what: string) =>
  Type.Union([Type.String({ minLength: 1, maxLength: 32 }), Type.Number({ minimum: 0 })], {
    description: `${what}: a duration such as 30s, 15m, 24h or 30d, or a number of seconds.`,
  })

/** A duration of a body in milliseconds. @throws GatewayError `invalid_request` when it is none */
export function milliseconds(written: string | number, path: string): number {
  try {
    return parseDuration(written)
  } catch {
    throw new GatewayError(
      'invalid_request',
      `The field "${path}" is not a duration. Write 30s, 15m, 24h or 30d, or a number of seconds.`,
      { path },
    )
  }
}
