import { GatewayError } from '../../errors.ts'
import { randomBase62 } from '../../lib/ids.ts'
import { startRounds } from '../../lib/rounds.ts'
import type { AccessRequest, AccessState, Page, PageRequest, Verification } from '../../store/store.ts'
import { boxOf } from './address.ts'
import { createApprovals, type Approvals } from './approvals.ts'
import { AccessIntake, type Submission } from './intake.ts'
import type { LinkKind } from './mails.ts'
import { AccessOutbox } from './outbox.ts'
import { ACCESS_LIFETIME_MS, type AccessRequestsOptions, type Claimed } from './parts.ts'

const HOUR_MS = 3_600_000
/** How long what is personal is kept when a request is over. */
const RETENTION_MS = 30 * 24 * HOUR_MS
/** Mails to one box that somebody without a credential can set off. */
const MAILS = { perHour: 1, perDay: 3 } as const
/** A claim without a token that is older is one of a process that was killed. */
const INTERRUPTED_MS = 60_000
/** Between two looks at what has expired and what is to be mailed. */
const EVERY_MS = 60_000
const FIRST_MS = 1_000
/** What tokens that come by a link are called. */
const TOKEN_NAME = 'access request'

const SECRET = /^[0-9A-Za-z]{43}$/

/** People who ask for access, from their first word to their token. */
export interface AccessRequests extends Approvals {
  /**
   * Takes a request in. What is known about the address has no part in it. Waits for nothing.
   * @throws GatewayError `overloaded`
   */
  submit(submission: Submission): void
  /** Proves an address. */
  verify(secret: string): Promise<Verification>
  /** Uses a link up and makes the token that it is for. Of many at a time one gets it. */
  claim(secret: string): Promise<Claimed>
  /** Newest first. */
  list(page: PageRequest & { readonly state?: AccessState | undefined }): Promise<Page<AccessRequest>>
  /** @throws GatewayError `not_found` */
  get(id: string): Promise<AccessRequest>
  /** The user who has the address of a request, other than the one that is made for it. */
  userWithAddressOf(request: AccessRequest): Promise<string | undefined>
  /** Begins to mail what is due and to end what has expired. */
  start(): void
  /** Takes in what came, and ends. */
  close(): Promise<void>
}

/** Requests for access over a store. */
export function createAccessRequests(options: AccessRequestsOptions): AccessRequests {
  const { store, tokens, hash, clock, timer, mail, events } = options
  const publicUrl = options.publicUrl?.replace(/\/$/, '') ?? null
  // Tokens are hashed by the same key: what one hash means must never be what the other means.
  const hashOf = (kind: LinkKind, secret: string): string => hash(`access-request ${kind} ${secret}`)
  const outbox =
    mail === null || publicUrl === null
      ? null
      : new AccessOutbox({
          store,
          mail,
          mailTo: options.mailTo,
          facts: { publicUrl },
          hashOf,
          clock,
          timer,
          failed: (error, isLost) =>
            events.failed(
              error,
              isLost ? 'a mail about access is lost' : 'a mail about access did not arrive',
            ),
        })

  async function take({ email, note }: Submission): Promise<void> {
    const at = clock.now()
    await sweep(at)
    const addressKey = hash(`access-request address ${boxOf(email)}`)
    const isMailed =
      outbox !== null && (await store.allowMail({ addressKey, at, ...MAILS, allPerHour: options.perHour }))
    const { request, isNew } = await store.submit({
      id: `acr_${randomBase62(16)}`,
      email,
      note,
      mail: isMailed ? 'due' : 'none',
      at,
      expiresAt: at + ACCESS_LIFETIME_MS,
    })
    if (isNew) events.moved('pending', 1, request.id)
    outbox?.look()
  }

  /** What is over is so in the store before anybody is told of it. */
  async function sweep(at: number): Promise<void> {
    const count = await store.expire(at)
    if (count > 0) events.moved('expired', count)
  }

  const intake = new AccessIntake({
    perHour: options.perHour,
    clock,
    timer,
    take,
    failed: (error) => events.failed(error, 'a request for access is lost'),
  })
  let rounds: ReturnType<typeof startRounds> | null = null

  async function get(id: string): Promise<AccessRequest> {
    await sweep(clock.now())
    const request = await store.get(id)
    if (request === undefined) throw new GatewayError('not_found', 'There is no such request.')
    return request
  }

  /** @returns the token, or undefined: there is nobody to give it to */
  async function tokenFor({ id, userId, tokenLifetime }: AccessRequest) {
    try {
      const user = userId === null ? undefined : await options.userOf(userId)
      if (user?.status === 'active') {
        const expiresInMs = tokenLifetime ?? undefined
        const issued = await tokens.create(user.id, { name: TOKEN_NAME, expiresInMs })
        await store.claimed(id, issued.id)
        return issued
      }
    } catch (error) {
      // The link goes on: nobody has seen a token.
      await store.claimed(id, null)
      throw error
    }
    await store.claimed(id, null)
    return undefined
  }

  return {
    ...createApprovals({
      ...options,
      publicUrl,
      hashOf,
      get,
      look: () => outbox?.look(),
      mails: outbox !== null,
    }),

    submit: (submission) => intake.add(submission),

    async verify(secret) {
      if (!SECRET.test(secret)) return 'unknown'
      const result = await store.verify(hashOf('verify', secret), clock.now())
      if (result === 'verified') events.moved('verified', 1)
      outbox?.look()
      return result
    },

    async claim(secret) {
      if (!SECRET.test(secret)) return { result: 'unknown' }
      const now = clock.now()
      const claim = await store.claim(hashOf('claim', secret), now, now - INTERRUPTED_MS)
      if (claim.result !== 'claimed') return claim
      const issued = await tokenFor(claim.request)
      if (issued === undefined) return { result: 'unavailable' }
      events.moved('claimed', 1, claim.request.id)
      return { result: 'claimed', token: issued.token, expiresAt: issued.record.expiresAt }
    },

    async list(page) {
      await sweep(clock.now())
      return await store.list(page)
    },

    get,

    async userWithAddressOf({ email, userId }) {
      if (email === null) return undefined
      const found = await store.userWithEmail(email)
      return found === userId ? undefined : found
    },

    start() {
      rounds = startRounds({
        firstMs: FIRST_MS,
        pauseMs: EVERY_MS,
        everyMs: EVERY_MS,
        begin: () => clock.now(),
        async step(now) {
          await sweep(now)
          await store.erase(now - RETENTION_MS, now)
          outbox?.look()
          return 0
        },
        onError: (error) => events.failed(error, 'old requests for access could not be ended'),
        timer,
      })
    },

    async close() {
      await rounds?.stop()
      await intake.flush()
      await outbox?.close()
    },
  }
}
