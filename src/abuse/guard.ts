import type { Clock } from '../lib/clock.ts'
import { startRounds } from '../lib/rounds.ts'
import type { Timer } from '../lib/timer.ts'
import type { Exemption, Incident, IncidentStore, Page } from '../store/store.ts'
import type { CallEvent } from './event.ts'
import { dismissalReason, type NewExemption } from './exemptions.ts'
import { Inquiry, type InquiryOptions } from './inquiry.ts'
import type { SeenSource } from './profile.ts'
import type { Leak, Refused } from './reports.ts'
import { watchedKey } from './watched.ts'

const LOOK_EVERY = 10_000
const PRUNE_EVERY = 600_000
/** Between two steps of taking out what is old. */
const PRUNE_PAUSE = 100
/** How long a dismissed incident's signals are quiet for its token: what was found becomes usual meanwhile. */
const DISMISSED_FOR = 7 * 24 * 3_600_000

/** A place that a user's token was used from. */
export interface UserSource extends SeenSource {
  readonly tokenId: string
}

export interface GuardOptions extends InquiryOptions {
  readonly clock: Pick<Clock, 'now'>
  /** How long incidents that are over are kept, in milliseconds. */
  readonly retentionMs: number
  /** The tokens of a user. */
  readonly tokensOf: (userId: string) => Promise<readonly string[]>
  readonly timer?: Timer
}

/** The operator's side of incidents. What the store refuses rejects, and may be asked again. */
export interface IncidentBook {
  /** As the store lists them; the numbers of an open one may be a minute old. */
  list(request: Parameters<IncidentStore['list']>[0]): Promise<Page<Incident>>
  /** As it stands now. */
  get(id: string): Promise<Incident | undefined>
  /**
   * Takes it for no abuse: the token goes on at its own speed, and the signals of the incident are quiet for it for 7
   * days. Of one that has ended as well. @param reason '' for none @returns undefined when there is none of that id
   */
  dismiss(id: string, reason: string): Promise<Incident | undefined>
  /** Ends it without a judgement, because the token was rotated or reinstated. A suspended token stays suspended. */
  close(id: string): Promise<Incident | undefined>
  /** Ends the open incident of a token in the same way, if there is one; those of its end users go on. */
  closeOf(tokenId: string): Promise<Incident | undefined>
  exempt(exemption: NewExemption): Promise<Exemption>
  /** Those that hold, oldest first. */
  exemptions(): Promise<readonly Exemption[]>
  /** @returns false when there is none of that id */
  removeExemption(id: string): Promise<boolean>
  /** Where the tokens of a user were used from. */
  sources(userId: string): Promise<readonly UserSource[]>
}

/** Detection, as the rest of the gateway knows it. */
export interface Guard {
  /** Takes in one call, after it has ended: no more than counting. Never throws. */
  observe(event: CallEvent): void
  /** Takes in a request that was refused though its token is known. Never throws. */
  refused(refused: Refused): void
  /** Takes in the proved report of a leak; resolves when it was acted upon, or will be at the next look. Never rejects. */
  report(leak: Leak): Promise<void>
  /** Looks at all that came since the last look, and does what follows. Never rejects. */
  look(): Promise<void>
  /** Takes up what was known and done before, and looks every ten seconds from then on. Never rejects. */
  start(): Promise<void>
  /** Ends the rounds and saves all that is known. Never rejects; the store may be closed after it. */
  close(): Promise<void>
  readonly incidents: IncidentBook
}

function bookOf(inquiry: Inquiry, options: GuardOptions): IncidentBook {
  const { store, clock, actions, tokensOf } = options
  const { incidents, exemptions, profiles } = inquiry

  async function quieten(incident: Incident, reason: string, now: number): Promise<void> {
    const { id, endUser, evidence } = incident
    if (exemptions.hasDismissal(id, now)) return
    await exemptions.add(
      {
        subject: { kind: endUser === '' ? 'token' : 'end_user', id: watchedKey(incident) },
        signals: evidence.map(({ signal }) => signal),
        reason: dismissalReason(id, reason),
        expiresAt: now + DISMISSED_FOR,
      },
      now,
    )
  }

  async function dismiss(id: string, reason: string): Promise<Incident | undefined> {
    const incident = await incidents.get(id)
    if (incident === undefined) return undefined
    const now = clock.now()
    await quieten(incident, reason, now)
    const dismissed = await incidents.end(incident, 'dismissed', now)
    if (incident.response === 'suspend') await actions.reinstate(incident)
    return dismissed
  }

  async function close(incident: Incident | undefined): Promise<Incident | undefined> {
    return incident?.state === 'open' ? await incidents.end(incident, 'closed', clock.now()) : incident
  }

  async function sources(userId: string): Promise<readonly UserSource[]> {
    const found: UserSource[] = []
    for (const tokenId of await tokensOf(userId)) {
      const profile = await profiles.fetch(tokenId)
      found.push(...profile.sources().map((source) => ({ tokenId, ...source })))
    }
    return found
  }

  return {
    list: (request) => store.list(request),
    get: (id) => incidents.get(id),
    dismiss: (id, reason) => inquiry.exclusive(() => dismiss(id, reason)),
    close: (id) => inquiry.exclusive(async () => close(await incidents.get(id))),
    closeOf: (tokenId) => inquiry.exclusive(() => close(incidents.of(tokenId))),
    exempt: (exemption) => inquiry.exclusive(() => exemptions.add(exemption, clock.now())),
    exemptions: () => store.exemptions(clock.now()),
    removeExemption: (id) => inquiry.exclusive(() => exemptions.remove(id)),
    sources,
  }
}

/** Makes the guard; nothing runs before `start`. With `response: off` it takes in nothing, and the book can still be read. */
export function createGuard(options: GuardOptions): Guard {
  const { store, clock, settings, failed, retentionMs, timer } = options
  const inquiry = new Inquiry(options)
  const isOff = settings.response === 'off'
  const rounds: { stop(): Promise<void> }[] = []

  function startLooking(): void {
    rounds.push(
      startRounds({
        firstMs: LOOK_EVERY,
        pauseMs: LOOK_EVERY,
        everyMs: LOOK_EVERY,
        begin: () => 0,
        step: async () => {
          await inquiry.look()
          return 0
        },
        onError: failed,
        timer,
      }),
    )
  }

  function startPruning(): void {
    rounds.push(
      startRounds({
        firstMs: PRUNE_EVERY,
        pauseMs: PRUNE_PAUSE,
        everyMs: PRUNE_EVERY,
        begin: () => clock.now() - retentionMs,
        step: (before) => store.prune(before),
        onError: failed,
        timer,
      }),
    )
  }

  return {
    observe: (event) => {
      if (!isOff) inquiry.observe(event)
    },
    refused: (refused) => {
      if (!isOff) inquiry.refused(refused)
    },
    report: async (leak) => {
      if (!isOff) await inquiry.report(leak)
    },
    look: async () => {
      if (!isOff) await inquiry.look()
    },
    start: async () => {
      startPruning()
      if (isOff) return
      startLooking()
      await inquiry.look()
    },
    close: async () => {
      await Promise.all(rounds.map((round) => round.stop()))
      if (!isOff) await inquiry.close()
    },
    incidents: bookOf(inquiry, options),
  }
}
