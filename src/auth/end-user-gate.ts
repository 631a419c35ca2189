import { personOf } from '../call.ts'
import type { Identity } from './identity.ts'

/** Judges the end users whom sessions and JWTs name. */
export interface EndUserGate {
  /**
   * @param identity one with an end user, or of a JWT that names none
   * @returns the identity with what limits its end user
   * @throws TokenRefusal `end_user_suspended`
   */
  admit(identity: Identity): Identity
  /** Another number after every change: what was judged under an older one is judged again. */
  readonly version: number
}

interface Judged {
  readonly identity: Identity
  readonly version: number
}

/** Asks a gate once for each identity and version of it. */
export class Gate {
  readonly #endUsers: EndUserGate | undefined
  readonly #judged = new WeakMap<Identity, Judged>()

  /** @param endUsers undefined: everybody is let in as they are */
  constructor(endUsers: EndUserGate | undefined) {
    this.#endUsers = endUsers
  }

  /** As `EndUserGate.admit`; that of a token itself stays as it is. */
  admit(identity: Identity): Identity {
    const endUsers = this.#endUsers
    if (endUsers === undefined || personOf(identity) === '') return identity
    const { version } = endUsers
    const judged = this.#judged.get(identity)
    if (judged?.version === version) return judged.identity
    const admitted = endUsers.admit(identity)
    this.#judged.set(identity, { identity: admitted, version })
    return admitted
  }
}
