import type { Actions } from '../abuse/incidents.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { EndUsers } from '../auth/end-users.ts'
import type { TokenService } from '../auth/tokens.ts'
import { GatewayError } from '../errors.ts'
import type { Store } from '../store/store.ts'

/** What detection may do with tokens and end users. */
export interface AbuseActionsParts {
  readonly store: Pick<Store, 'tokens'>
  readonly tokens: Pick<TokenService, 'suspend' | 'reinstate'>
  readonly authenticator: Pick<Authenticator, 'throttle'>
  readonly endUsers: Pick<EndUsers, 'throttle' | 'suspend' | 'reinstate'>
}

/**
 * What detection does: with one end user, where it was one of them, so that all the others who use the same token go on;
 * else with the token.
 */
export function abuseActions({ store, tokens, authenticator, endUsers }: AbuseActionsParts): Actions {
  return {
    throttle({ tokenId, userId, endUser }, requestsPerMinute) {
      if (endUser === '') authenticator.throttle(tokenId, requestsPerMinute)
      else endUsers.throttle(userId, endUser, requestsPerMinute)
    },
    unthrottle({ tokenId, userId, endUser }) {
      if (endUser === '') authenticator.throttle(tokenId, null)
      else endUsers.throttle(userId, endUser, null)
    },
    async suspend({ tokenId, userId, endUser }, incidentId) {
      if (endUser === '') await tokens.suspend(tokenId, incidentId)
      else await suspendEndUser(endUsers, userId, endUser, incidentId)
    },
    async reinstate({ tokenId, userId, endUser }) {
      if (endUser !== '') await endUsers.reinstate(userId, endUser)
      // A token that was deleted meanwhile has nothing to be given back.
      else if ((await store.tokens.get(tokenId)) !== undefined) await tokens.reinstate(tokenId)
    },
  }
}

/** Whose user was deleted meanwhile is refused without it. */
async function suspendEndUser(
  endUsers: Pick<EndUsers, 'suspend'>,
  userId: string,
  endUser: string,
  incidentId: string,
): Promise<void> {
  try {
    await endUsers.suspend(userId, endUser, incidentId)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'not_found') throw error
  }
}
