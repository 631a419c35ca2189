import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { GatewayError } from '../errors.ts'
import { OBJECT_KINDS } from '../minimax/objects.ts'
import type { OwnedObject } from './objects.ts'

/** Where a page of objects ended. */
export type ObjectPosition = Pick<OwnedObject, 'createdAt' | 'kind' | 'id' | 'account' | 'userId'>

const Fields = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  Type.Enum([...OBJECT_KINDS]),
  Type.String(),
  Type.String(),
  Type.String(),
])

/** Longer than any cursor of ours: of all ids a voice's is the longest, with 256 characters. */
const MAX_LENGTH = 2048

/** The position of an object as the opaque text that callers hand back. */
export function cursorFromObject({ createdAt, kind, id, account, userId }: ObjectPosition): string {
  return Buffer.from(JSON.stringify([createdAt, kind, id, account, userId])).toString('base64url')
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}

/**
 * The position that a cursor of ours stands for.
 * @throws GatewayError `invalid_query` for any other text
 */
export function positionFromObjectCursor(cursor: string): ObjectPosition {
  const fields = cursor.length > MAX_LENGTH ? undefined : parsed(cursor)
  if (Value.Check(Fields, fields)) {
    const [createdAt, kind, id, account, userId] = fields
    return { createdAt, kind, id, account, userId }
  }
  throw new GatewayError('invalid_query', 'The cursor is not one of ours: pass "next" as it came.', {
    path: 'cursor',
  })
}
