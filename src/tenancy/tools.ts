import type { GatewayError, Outcome } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { ObjectChange, ObjectStore, OwnedObject } from '../store/store.ts'
import { usedVoiceDetailOf } from './lists.ts'
import type { SystemVoices } from './system-voices.ts'
import type { VoiceNames } from './voices.ts'

/** What tenancy works with. */
export interface OwnershipTools {
  readonly objects: ObjectStore
  /** Writes with the books. @param done with whether it applied; an error only where it was given up */
  readonly write: (change: ObjectChange, done: (error: GatewayError | null, applied: boolean) => void) => void
  /** Whether nothing can be written now. */
  readonly isFailing: () => boolean
  readonly names: VoiceNames
  readonly systemVoices: Pick<SystemVoices, 'has' | 'knows'>
  /** Voices of the account that the operator lets everybody use, by MiniMax's name. */
  readonly sharedVoices: ReadonlySet<string>
  /** The account on which a user's objects are made. */
  readonly homeOf: (userId: string) => string
  readonly clock: Clock
  /** Gives so many letters and digits. */
  readonly random: (length: number) => string
}

/** Whose call it is. */
export interface Owner {
  readonly userId: string
  readonly tokenId: string
  readonly requestId: string
}

/** What a request says, as far as ids may stand in it. */
export interface ScreenedRequest {
  readonly operation: string
  /** The id in the path; '' where there is none. */
  readonly parameter: string
  /** The query that goes upstream; '' where there is none. */
  readonly query: string
  /** The whole body, where it is JSON; null: there is none, or it is a form. */
  readonly body: Buffer | null
}

/** A place in a body where a name of the user's becomes one of MiniMax's. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: Buffer
}

/** A voice that a request makes. */
export interface NewVoice {
  readonly object: OwnedObject
  /** Puts MiniMax's name in the place of the user's; null: the request named none. */
  readonly edit: Edit | null
  /** The user has none of that name yet. */
  readonly isNew: boolean
}

/** A voice that was used once does not vanish by itself any more. */
export function markUsed({ write }: Pick<OwnershipTools, 'write'>, objects: readonly OwnedObject[]): void {
  for (const object of objects) {
    if (object.kind !== 'voice' || object.expiresAt === null) continue
    const detail = usedVoiceDetailOf(object.detail)
    write({ kind: 'own', object: { ...object, detail, expiresAt: null } }, () => undefined)
  }
}

/** After these it is not known whether MiniMax made what was asked for: it stays the user's, should it be there. */
const DOUBTFUL: ReadonlySet<Outcome> = new Set([
  'ok',
  'caller_gone',
  'provider_timeout',
  'provider_disconnected',
  'provider_error',
  'gateway_interrupted',
  'gateway_error',
])

/** @returns whether MiniMax may have made what a call that ended so asked for */
export function mayHaveWorked(outcome: Outcome): boolean {
  return DOUBTFUL.has(outcome)
}
