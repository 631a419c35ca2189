import { Type } from 'typebox'

/** For objects: no field beside those that are named. */
export const closed = { additionalProperties: false }

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
