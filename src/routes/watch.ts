import type { IncomingMessage } from 'node:http'
import type { CallEvent } from '../abuse/event.ts'
import type { Guard } from '../abuse/guard.ts'
import type { Identity } from '../auth/identity.ts'
import type { Call } from '../call.ts'

/** Who watches for abuse, as far as requests tell them. */
export type Watch = Pick<Guard, 'observe' | 'refused'>

/**
 * What is learnt from a call of a known token, now that it has ended.
 * @param at milliseconds since the Unix epoch
 */
export function eventOf(call: Call, identity: Identity, request: IncomingMessage, at: number): CallEvent {
  const { operation, model, outcome, refusal, providerCode, bill, bytesIn, contentHash, address } = call
  return {
    at,
    tokenId: identity.tokenId,
    userId: identity.userId,
    kind: identity.kind,
    endUser: identity.endUser,
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
