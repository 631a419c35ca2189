import { RESPONSES, SIGNALS, type Response, type Signal } from '../signals.ts'
import type { Incident, IncidentEvidence } from '../store/store.ts'
import { scoreOf, stepOf, type Clue } from './score.ts'
import type { Watched } from './watched.ts'
import type { Observation } from './watcher.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Evidence that is older counts no more towards a step: things that are far apart are no two opinions of one event. */
const COUNTS_FOR = HOUR
/** An incident without new evidence ends by itself after so long. */
const QUIET = 2 * HOUR
/** One with a suspension waits longer for somebody to look. The token stays suspended whatever becomes of it. */
const QUIET_SUSPENDED = 7 * 24 * HOUR

/** What may be done, as the operator has set it. */
export interface Policy {
  /** The furthest step. */
  readonly limit: Response
  /** Whether a signal is recorded only. */
  readonly isShadowed: (signal: Signal) => boolean
}

/** Everything that is known about one token, or one end user, when they are judged. */
export interface Case extends Watched {
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** Its open incident, if there is one. */
  readonly open: Incident | undefined
  readonly found: readonly Observation[]
  /** How often it was suspended before. */
  readonly strikes: number
  /** Whether somebody has exempted the token from a signal: it is recorded, and leads to nothing. */
  readonly isExempt: (signal: Signal) => boolean
}

/** What comes of a case. */
export interface Verdict {
  readonly incident: Incident
  /** The step that is taken now, above the one before; null: it stays at that. */
  readonly raised: Response | null
  /** Whether somebody is to be told now. */
  readonly notice: NoticeKind | null
  /** Whether more has changed than the newest numbers. */
  readonly isNews: boolean
}

/** `opened`: somebody hears of an incident for the first time; `suspended`: they knew of it, and now the token is stopped. */
export type NoticeKind = 'opened' | 'suspended'

/** How far up a step is, from 0; -1: it is no step. @param step as an incident holds it */
export function rankOf(step: string): number {
  return RESPONSES.findIndex((response) => response === step)
}

/** Whether a name is one of a signal. */
export function isSignal(name: string): name is Signal {
  return Object.hasOwn(SIGNALS, name)
}

/** Whether an incident has had no new evidence for so long that it is over. */
export function isOver({ response, updatedAt }: Incident, now: number): boolean {
  return now - updatedAt >= (response === 'suspend' ? QUIET_SUSPENDED : QUIET)
}

/** The newest of each signal, and the strongest where a look found one several times; strongest first. */
function merge(
  before: readonly IncidentEvidence[],
  found: readonly Observation[],
  now: number,
): readonly IncidentEvidence[] {
  const bySignal = new Map(before.map((evidence) => [evidence.signal, evidence]))
  const weakestFirst = [...found].sort((one, other) => one.strength - other.strength)
  for (const { signal, strength, evidence } of weakestFirst) {
    bySignal.set(signal, { signal, family: SIGNALS[signal], strength, at: now, facts: evidence })
  }
  return [...bySignal.values()].sort(
    (one, other) => other.strength - one.strength || (one.signal < other.signal ? -1 : 1),
  )
}

/** What still counts of the evidence. Names that are no signal of ours come from another version. */
function cluesOf(evidence: readonly IncidentEvidence[], now: number): readonly Clue[] {
  return evidence.flatMap(({ signal, strength, at }) =>
    isSignal(signal) && now - at < COUNTS_FOR ? [{ signal, strength }] : [],
  )
}

function lower(one: Response, other: Response): Response {
  return rankOf(one) < rankOf(other) ? one : other
}

/** Steps go up at once, and down only when the incident ends. */
function higher(before: string | undefined, step: Response): string {
  return before !== undefined && rankOf(before) >= rankOf(step) ? before : step
}

function noticeFor(raised: Response | null, notifiedAt: number | null): NoticeKind | null {
  if (raised === null || raised === 'watch') return null
  if (notifiedAt === null) return 'opened'
  return raised === 'suspend' ? 'suspended' : null
}

/** The incident of a case as it stands with the new evidence. @returns undefined when there is too little for one */
function standing(file: Case, policy: Policy, newId: () => string): Incident | undefined {
  const { open, found, now, strikes, tokenId, userId, endUser, isExempt } = file
  const evidence = merge(open?.evidence ?? [], found, now)
  const clues = cluesOf(evidence, now)
  const score = scoreOf(clues)
  const wouldBe = stepOf(score, strikes)
  const [first] = evidence
  if (first === undefined || (open === undefined && wouldBe === null)) return undefined
  const acted = clues.filter(({ signal }) => !policy.isShadowed(signal) && !isExempt(signal))
  // To be written down is to be watched.
  const step = lower(stepOf(scoreOf(acted), strikes) ?? 'watch', policy.limit)
  return {
    id: open?.id ?? newId(),
    tokenId,
    userId: open?.userId ?? userId,
    endUser,
    state: 'open',
    signal: first.signal,
    response: higher(open?.response, step),
    wouldBe: higher(open?.wouldBe, wouldBe ?? 'watch'),
    score: Math.max(open?.score ?? 0, score.value),
    evidence,
    strikes,
    openedAt: open?.openedAt ?? now,
    updatedAt: now,
    notifiedAt: open?.notifiedAt ?? null,
  }
}

/**
 * Judges a case. It only computes: who calls it stores the incident and does what it says.
 * @param newId makes the id of an incident that is opened
 * @returns undefined when nothing was found, or too little for an incident
 */
export function judge(file: Case, policy: Policy, newId: () => string): Verdict | undefined {
  if (file.found.length === 0) return undefined
  const incident = standing(file, policy, newId)
  if (incident === undefined) return undefined
  const { open, now } = file
  const step = RESPONSES[rankOf(incident.response)] ?? null
  const raised = open?.response === incident.response ? null : step
  const notice = noticeFor(raised, incident.notifiedAt)
  const isNews =
    raised !== null ||
    open?.wouldBe !== incident.wouldBe ||
    open.signal !== incident.signal ||
    open.evidence.length !== incident.evidence.length
  return { incident: notice === null ? incident : { ...incident, notifiedAt: now }, raised, notice, isNews }
}
