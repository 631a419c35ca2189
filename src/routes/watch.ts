import type { IncomingMessage } from 'node:http'
import type { CallEvent } from '../abuse/event.ts'
import type { Guard } from '../abuse/guard.ts'
import type { Identity } from '../auth/identity.ts'
import { personOf, type Call } from '../call.ts'

/** Who watches for abuse, as far as requests tell them. */
export type Watch = Pick<Guard, 'observe' | 'refused'>

/** By what a token is watched: all JWTs of an issuer are one to the books, those of each user are to detection. */
function watchedToken({ kind, tokenId, userId }: Identity): string {
  return kind === 'jwt' ? `${tokenId}:${userId}` : tokenId
}

/**
 * What is learnt from a call of a known token, now that it has ended.
 * @param at milliseconds since the Unix epoch
 */
export function eventOf(call: Call, identity: Identity, request: IncomingMessage, at: number): CallEvent {
  const { operation, model, outcome, refusal, providerCode, bill, bytesIn, contentHash, address } = call
  return {
    at,
    tokenId: watchedToken(identity),
    userId: identity.userId,
    kind: identity.kind,
    endUser: personOf(identity),
    plan: identity.plan ?? '',
    operation: operation.name,
    modality: operation.modality,
    model,
    outcome: outcome ?? 'gateway_error',
    refusal,
    providerCode,
    charged: bill?.charged ?? 0n,
    bytesIn,
    contentHash,
    address,
    userAgent: request.headers['user-agent'] ?? '',
  }
}
