import type { Page, PageRequest } from './page.ts'

/**
 * Where a request for access stands: it has come; its address is proved; the operator said yes and there is a link; the
 * link gave a token. Or the operator said no, or nobody did anything in time.
 */
export const ACCESS_STATES = ['pending', 'verified', 'approved', 'claimed', 'rejected', 'expired'] as const

export type AccessState = (typeof ACCESS_STATES)[number]

/** What became of the mail with the link of the state: there is none, it is to be sent, it was sent, or it cannot be. */
export type AccessMail = 'none' | 'due' | 'sent' | 'failed'

/** Somebody who asks for access, by a mail address. */
export interface AccessRequest {
  readonly id: string
  /** In small letters; null: erased, since it was over long ago. */
  readonly email: string | null
  /** What they wrote; null: nothing, or erased. */
  readonly note: string | null
  readonly state: AccessState
  readonly mail: AccessMail
  readonly createdAt: number
  /** When it expires unless something happens before; of no meaning when it is over. */
  readonly expiresAt: number
  readonly verifiedAt: number | null
  /** When it was approved. */
  readonly approvedAt: number | null
  /** When it was over: claimed, rejected or expired. */
  readonly closedAt: number | null
  /** The user that was made for them, or is about to be. */
  readonly userId: string | null
  /** The token that its link gave. */
  readonly tokenId: string | null
  /** How long that token is to last, in milliseconds; null: without an end. */
  readonly tokenLifetime: number | null
  /** Why it was rejected, in the operator's words; null: nothing was said, or it is erased. */
  readonly reason: string | null
}

/** Somebody asks. */
export interface NewAccessRequest {
  readonly id: string
  readonly email: string
  readonly note: string | null
  /** Whether a mail is to prove the address. */
  readonly mail: 'none' | 'due'
  readonly at: number
  readonly expiresAt: number
}

/** A link to be sent or shown. Of its secret only a hash is kept. */
export interface AccessLink {
  /** Null: there is none yet, it is made when it is mailed. */
  readonly secretHash: string | null
  readonly mail: 'none' | 'due'
  readonly expiresAt: number
  readonly at: number
}

/** How many mails may go. */
export interface MailAllowance {
  /** Whose address, as a keyed hash. */
  readonly addressKey: string
  readonly at: number
  /** To one address within an hour and a day, and to all addresses within an hour. */
  readonly perHour: number
  readonly perDay: number
  readonly allPerHour: number
}

export type Verification = 'verified' | 'again' | 'unknown'

export type Claim =
  { readonly result: 'claimed'; readonly request: AccessRequest } | { readonly result: 'used' | 'unknown' }

/** Requests for access, and links that are known by their hashes alone. Two at a time cannot both have a link. */
export interface AccessRequestStore {
  /**
   * Adds a request, or joins it to the open one of the same address; a mail becomes due for that one, too, while its
   * address is not proved.
   * @returns the request as it stands, and whether it is new
   */
  submit(request: NewAccessRequest): Promise<{ readonly request: AccessRequest; readonly isNew: boolean }>
  get(id: string): Promise<AccessRequest | undefined>
  /** Newest first. */
  list(page: PageRequest & { readonly state?: AccessState | undefined }): Promise<Page<AccessRequest>>
  /** Counts a mail if it may go. @returns false: one too many, nothing is counted */
  allowMail(allowance: MailAllowance): Promise<boolean>
  /** The id of a user with this address, whatever its letters' size. */
  userWithEmail(email: string): Promise<string | undefined>
  /** Whose mail is due, the longest waiting first, and how often it was tried in vain. */
  mailsDue(
    at: number,
    limit: number,
  ): Promise<readonly { readonly request: AccessRequest; readonly tries: number }[]>
  /** Gives the link of a mail its secret, in the place of any before. @returns false: the mail is not due any more */
  arm(id: string, state: AccessState, secretHash: string): Promise<boolean>
  /** The mail with this secret was handed over; nothing when another has taken its place. */
  mailed(id: string, secretHash: string): Promise<void>
  /** It was not. @param again when it may be tried once more; null: never */
  mailFailed(id: string, secretHash: string, again: number | null): Promise<void>
  /** Proves an address. Again: it was proved before by the same link. */
  verify(secretHash: string, at: number): Promise<Verification>
  /** Writes down which user an open request is to be given. @param instead that was written before */
  reserve(id: string, userId: string, instead: string | null, at: number): Promise<boolean>
  /** @returns undefined when it is not open any more, or not this user's */
  approve(
    id: string,
    userId: string,
    tokenLifetime: number | null,
    link: AccessLink,
  ): Promise<AccessRequest | undefined>
  /**
   * Puts a new link in the place of the one before, of a request that was approved and gave no token, expired or not.
   * @returns undefined when it is not such, or another request of the address is open
   */
  relink(id: string, link: AccessLink): Promise<AccessRequest | undefined>
  /** Makes the mail that proves the address due again. @returns undefined when it is not pending any more */
  remind(id: string, at: number): Promise<AccessRequest | undefined>
  /** @returns undefined when it is not open any more */
  reject(id: string, reason: string | null, at: number): Promise<AccessRequest | undefined>
  /**
   * Uses a link up.
   * @param interruptedBefore claims from before this time that gave no token are taken to be those of a process that
   * was killed, and may be made once more
   */
  claim(secretHash: string, at: number, interruptedBefore: number): Promise<Claim>
  /** The claim gave this token. Null: it gave none, and the link may be used again. */
  claimed(id: string, tokenId: string | null): Promise<void>
  /** Closes what has expired. @returns how many */
  expire(at: number): Promise<number>
  /**
   * Takes out what was over before a time: what was approved loses its words and its address, all else goes whole; and
   * counts of mails that are older than a day.
   * @returns how many
   */
  erase(before: number, at: number): Promise<number>
  /** How many wait for the operator or their person. */
  countOpen(): Promise<number>
  /** How many wait for the operator, who was not told of them yet. @param onlyVerified those with a proved address */
  countUntold(onlyVerified: boolean): Promise<number>
  /** The operator was told of these. */
  told(onlyVerified: boolean, at: number): Promise<void>
}
