import { GatewayError, type RefusalCode } from '../errors.ts'
import type { CredentialKind } from '../store/store.ts'
import type { Authenticator } from './authenticator.ts'
import type { Identity } from './identity.ts'
import { TokenRefusal } from './refusal.ts'

/** A token of ours that somebody found. */
export interface CheckedToken {
  readonly kind: CredentialKind
  /** Of a session: of the token that it was made of. */
  readonly tokenId: string
  /** '' where it is no session. */
  readonly sessionId: string
  readonly userId: string
  /** '' where none is named. */
  readonly endUser: string
  /** Milliseconds since the Unix epoch; Infinity: never. */
  readonly expiresAt: number
  /** Why it is refused everywhere; null: it is let in, from where it may be used. */
  readonly refusal: RefusalCode | null
}

function checkedFrom(identity: Identity, refusal: RefusalCode | null): CheckedToken {
  const { kind, tokenId, sessionId, userId, endUser, expiresAt } = identity
  return { kind, tokenId, sessionId, userId, endUser, expiresAt, refusal }
}

/**
 * Whose a token is and whether it lives. It is not counted as a use.
 * @param text the whole token: its public id alone would prove nothing, since anybody may write one down
 * @returns undefined when it is none of this gateway's
 * @throws GatewayError `store_unavailable`
 */
export async function checkToken(
  authenticator: Pick<Authenticator, 'authenticate'>,
  text: string,
): Promise<CheckedToken | undefined> {
  try {
    return checkedFrom(await authenticator.authenticate(text), null)
  } catch (error) {
    if (error instanceof TokenRefusal) return checkedFrom(error.identity, error.code)
    if (error instanceof GatewayError && error.status === 401) return undefined
    throw error
  }
}
