import { OBJECT_KINDS } from '../minimax/objects.ts'
import type { Field, Fields } from './ledger-fields.ts'
import type { ObjectKey, OwnedObject } from './objects.ts'

/** Adds the name of an object to a batch. See ledger-codec.ts. */
export function putObjectKey(out: Field[], { kind, id, account, userId }: ObjectKey): void {
  out.push(OBJECT_KINDS.indexOf(kind), id, account, userId)
}

/** Adds an object to a batch. */
export function putObject(out: Field[], object: OwnedObject): void {
  putObjectKey(out, object)
  out.push(
    object.name,
    object.tokenId,
    object.requestId,
    object.operation,
    object.detail,
    object.createdAt,
    object.expiresAt,
  )
}

/** The name of an object out of a batch. @throws TypeError when it is not there */
export function takeObjectKey(fields: Fields): ObjectKey {
  return {
    kind: fields.oneOf(OBJECT_KINDS),
    id: fields.text(),
    account: fields.text(),
    userId: fields.text(),
  }
}

/** An object out of a batch. @throws TypeError when it is not there */
export function takeObject(fields: Fields): OwnedObject {
  return {
    ...takeObjectKey(fields),
    name: fields.text(),
    tokenId: fields.text(),
    requestId: fields.text(),
    operation: fields.text(),
    detail: fields.text(),
    createdAt: fields.number(),
    expiresAt: fields.numberOrNull(),
  }
}
