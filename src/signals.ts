/** Kinds of evidence. Two signals of one family are one opinion; only those of two are two. */
export const FAMILIES = ['volume', 'identity', 'behaviour', 'report'] as const

export type Family = (typeof FAMILIES)[number]

/** Everything that is looked for, by name, with the family of its evidence. */
export const SIGNALS = {
  /** Far more calls or money than the token's own past, over minutes, hours or a day. */
  volume_envelope: 'volume',
  /** Money goes so fast that a day's is gone in a fraction of the day. */
  cost_velocity: 'volume',
  /** The same for a token without a past of its own, measured by what tokens of its plan use. */
  cold_start: 'volume',
  /** More networks or kinds of clients than the token ever had. */
  distinct_sources: 'identity',
  /** A network, country or kind of client that a long-known token never had. */
  novel_source: 'identity',
  /** Two countries at the same time. */
  concurrent_countries: 'identity',
  /** One source uses the tokens of many. */
  shared_source: 'identity',
  /** Far more failures than the token's own past. */
  error_mix: 'behaviour',
  /** Many different operations and models that it may not use. */
  denials: 'behaviour',
  /** The first call of a new source tries whether the token works; a dear one follows. */
  probe_sequence: 'behaviour',
  /** A dear modality that the token never used. */
  modality_shift: 'behaviour',
  /** Money in hours in which the token never spent any. */
  off_hours: 'behaviour',
  /** The same request again and again. */
  repetition: 'behaviour',
  /** Objects that belong to other users were named. */
  foreign_objects: 'behaviour',
  /** MiniMax refuses what is sent for its content (codes 1026 and 1027). */
  content_refusals: 'behaviour',
  /** A revoked token is still tried: a copy of it goes around. */
  revoked_in_use: 'report',
  /** Somebody found the token in public, and proved to be who they say. */
  leak_report: 'report',
} as const satisfies Readonly<Record<string, Family>>

export type Signal = keyof typeof SIGNALS

/** What is done about a token, step by step; each step does what those before it do. */
export const RESPONSES = ['watch', 'notify', 'throttle', 'suspend'] as const

export type Response = (typeof RESPONSES)[number]

/** What the evidence is: numbers and short words, never a whole address, a credential or anything that a user wrote. */
export type Evidence = Readonly<Record<string, string | number>>

/** One signal about one token. */
export interface Finding {
  readonly signal: Signal
  readonly tokenId: string
  readonly userId: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  /** How sure it is, above 0 and at most 1: 0.25 alone is worth watching, 0.5 telling, 1 is as high as it goes. */
  readonly strength: number
  readonly evidence: Evidence
}
