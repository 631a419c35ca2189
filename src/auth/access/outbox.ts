import type { Clock } from '../../lib/clock.ts'
import { randomBase62 } from '../../lib/ids.ts'
import type { Timer } from '../../lib/timer.ts'
import type { MailDelivery } from '../../mail.ts'
import type { AccessRequest, AccessRequestStore } from '../../store/store.ts'
import { digestMail, linkKindOf, linkMail, type AccessMailFacts, type LinkKind } from './mails.ts'

/** Milliseconds until a mail is tried again, by how often it failed before; after the last it is given up. */
const PAUSES = [60_000, 600_000, 3_600_000] as const
/** Mails that are looked up together. */
const PAGE = 20
/** The operator is told no more often. */
const DIGEST_MS = 600_000
/** Milliseconds that the end of the process waits for the mail that is under way. */
const GRACE_MS = 5_000

/** What the outbox works with. */
export interface OutboxOptions {
  readonly store: Pick<
    AccessRequestStore,
    'mailsDue' | 'arm' | 'mailed' | 'mailFailed' | 'countUntold' | 'told'
  >
  readonly mail: MailDelivery
  /** Who of the operator is told; undefined: nobody. */
  readonly mailTo: string | undefined
  readonly facts: AccessMailFacts
  readonly hashOf: (kind: LinkKind, secret: string) => string
  readonly clock: Pick<Clock, 'now'>
  readonly timer: Timer
  /** Told of what went wrong. @param isLost it is not tried again. Must not throw */
  readonly failed: (error: unknown, isLost: boolean) => void
}

/**
 * Sends the mails that the store says are due, one after the other. What is due stays so until it was handed over: a
 * process that is killed sends it after its next start, with a new link, since the text of no link is kept.
 */
export class AccessOutbox {
  readonly #options: OutboxOptions
  #underway: Promise<void> | null = null
  #isAsked = false
  #isClosed = false
  #toldAt = -Infinity

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Something may be due; never throws, and waits for nothing. */
  look(): void {
    if (this.#isClosed) return
    this.#isAsked = true
    this.#underway ??= this.#run()
  }

  /** Resolves when nothing is due now. */
  async idle(): Promise<void> {
    await this.#underway
  }

  /** Begins no more mails, and waits for the one under way, but not long. */
  async close(): Promise<void> {
    this.#isClosed = true
    let cancel = (): void => undefined
    const grace = new Promise<void>((resolve) => (cancel = this.#options.timer(resolve, GRACE_MS)))
    await Promise.race([this.idle(), grace])
    cancel()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    try {
      while (this.#isAsked && !this.#isClosed) {
        this.#isAsked = false
        await this.#sendDue()
        await this.#tellOperator()
      }
    } catch (error) {
      this.#options.failed(error, false)
    } finally {
      this.#underway = null
    }
  }

  async #sendDue(): Promise<void> {
    const { store, clock } = this.#options
    for (;;) {
      const due = await store.mailsDue(clock.now(), PAGE)
      if (due.length === 0) return
      for (const { request, tries } of due) {
        if (this.#isClosed) return
        await this.#send(request, tries)
      }
    }
  }

  async #send({ id, email, state, expiresAt }: AccessRequest, tries: number): Promise<void> {
    const { store, mail, facts, hashOf, clock, failed } = this.#options
    const kind = linkKindOf(state)
    const secret = randomBase62(43)
    const hash = hashOf(kind, secret)
    if (email === null || !(await store.arm(id, state, hash))) return
    try {
      await mail.deliver(
        linkMail(facts, { to: email, kind, secret, expiresAt, id: `${id}-${hash.slice(0, 16)}` }),
      )
    } catch (error) {
      const pause = PAUSES[tries]
      failed(error, pause === undefined)
      await store.mailFailed(id, hash, pause === undefined ? null : clock.now() + pause)
      return
    }
    await store.mailed(id, hash)
  }

  /** Of requests whose address is proved alone: anybody can send the others. */
  async #tellOperator(): Promise<void> {
    const { store, mail, mailTo, facts, clock } = this.#options
    const now = clock.now()
    if (mailTo === undefined || this.#isClosed || now - this.#toldAt < DIGEST_MS) return
    const count = await store.countUntold(true)
    if (count === 0) return
    this.#toldAt = now
    await mail.deliver(digestMail(facts, { to: mailTo, count, id: `access-${now}` }))
    await store.told(true, now)
  }
}
