import type { ObjectKind } from '../../src/minimax/objects.ts'
import type { OwnedObject } from '../../src/store/store.ts'

/** A day in 2026, in milliseconds. */
export const AT = Date.UTC(2026, 8, 1, 10, 30, 0, 250)

export function owned(kind: ObjectKind, id: string, rest: Partial<OwnedObject> = {}): OwnedObject {
  return {
    kind,
    id,
    account: 'main',
    userId: 'user-1',
    name: id,
    tokenId: 'token-1',
    requestId: 'request-1',
    operation: '',
    detail: '',
    createdAt: AT,
    expiresAt: null,
    ...rest,
  }
}

/** The answer, parsed: which also tells that it is JSON. */
export function parsed(answer: Buffer): unknown {
  const value: unknown = JSON.parse(answer.toString())
  return value
}
