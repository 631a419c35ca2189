import { GatewayError, type RefusalCode } from '../errors.ts'
import type { Identity } from './identity.ts'

/** A credential that is a token of ours, whole and known, and refused nevertheless: it has ended, or its user has. */
export class TokenRefusal extends GatewayError {
  /** Whose it is. For our books and detection alone: a caller is told no more than the message of the error. */
  readonly identity: Identity

  constructor(reason: RefusalCode, identity: Identity) {
    super(reason)
    this.identity = identity
  }
}
