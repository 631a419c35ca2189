import type { Page, PageRequest } from './page.ts'

/** `open`: the evidence goes on or nobody has looked; `dismissed`: the operator says that it is none; `closed`: it ended by itself. */
export const INCIDENT_STATES = ['open', 'dismissed', 'closed'] as const

export type IncidentState = (typeof INCIDENT_STATES)[number]

/** One piece of evidence, as it is kept. */
export interface IncidentEvidence {
  readonly signal: string
  readonly family: string
  readonly strength: number
  readonly at: number
  readonly facts: Readonly<Record<string, string | number>>
}

/** One finding about a token, with everything that speaks for it. */
export interface Incident {
  readonly id: string
  readonly tokenId: string
  readonly userId: string
  /** It is about this end user of those who use the token; '': about the token itself. */
  readonly endUser: string
  readonly state: IncidentState
  /** The strongest signal. */
  readonly signal: string
  /** The step that was taken: watch, notify, throttle or suspend. */
  readonly response: string
  /** The step that would have been taken if no rule were in shadow mode and no exemption held. */
  readonly wouldBe: string
  readonly score: number
  /** The newest of each signal, strongest first. */
  readonly evidence: readonly IncidentEvidence[]
  /** How often this token was suspended before. */
  readonly strikes: number
  readonly openedAt: number
  readonly updatedAt: number
  /** When somebody was told; null: nobody was. */
  readonly notifiedAt: number | null
}

/** A token, a user or an end user about whom some signals are not to be raised, for a time. */
export interface Exemption {
  readonly id: string
  /** Of an end user, the id is the token's, a slash, and the name that the user's app gave. */
  readonly subject: { readonly kind: 'user' | 'token' | 'end_user'; readonly id: string }
  /** Null: all of them. */
  readonly signals: readonly string[] | null
  readonly reason: string
  readonly createdAt: number
  /** Exemptions always end. */
  readonly expiresAt: number
}

/** What is known of a token's past, as the detector wrote it. */
export interface AbuseProfile {
  readonly tokenId: string
  readonly savedAt: number
  readonly state: Uint8Array
}

export interface IncidentStore {
  /** Adds it, or puts it in the place of the one with its id. */
  put(incident: Incident): Promise<void>
  get(id: string): Promise<Incident | undefined>
  /** Newest first. */
  list(
    page: PageRequest & {
      readonly userId?: string | undefined
      readonly tokenId?: string | undefined
      readonly state?: IncidentState | undefined
      readonly signal?: string | undefined
    },
  ): Promise<Page<Incident>>
  /** All that are open, for the start. */
  open(): Promise<readonly Incident[]>
  /**
   * How often a token was suspended by an incident that was not dismissed.
   * @param endUser the end user instead of the token; '': the token itself
   */
  strikes(tokenId: string, endUser: string): Promise<number>
  addExemption(exemption: Exemption): Promise<void>
  /** @returns false when there is none of that id */
  removeExemption(id: string): Promise<boolean>
  /** Those that hold at a moment, oldest first. */
  exemptions(at: number): Promise<readonly Exemption[]>
  /** Writes profiles in the place of earlier ones. At most some hundreds at a time, of a few kilobytes each. */
  saveProfiles(profiles: readonly AbuseProfile[]): Promise<void>
  /** In order of tokens, after one of them. Of tokens that are there no more there is none. */
  profiles(after: string, limit: number): Promise<readonly AbuseProfile[]>
  /** Takes out incidents that are over and were last changed before a time, and exemptions that have ended by then. @returns how many */
  prune(before: number): Promise<number>
}
