import { GatewayError } from '../../errors.ts'
import { randomBase62 } from '../../lib/ids.ts'
import type { AccessLink, AccessRequest } from '../../store/store.ts'
import { linkTo, type LinkKind } from './mails.ts'
import { ACCESS_LIFETIME_MS, type AccessRequestsOptions, type Approval, type Linked } from './parts.ts'

/** What the operator does about requests. */
export interface Approvals {
  /**
   * Makes a user and a link that gives their token.
   * @throws GatewayError `not_found`; `conflict` when it is decided already, the address is a user's, the id is taken, or
   * links lead nowhere; `invalid_request` (no such plan)
   */
  approve(id: string, approval: Approval): Promise<Linked>
  /** Sends the link of its state once more: a new one; the one before ends. @throws GatewayError `not_found`, `conflict` */
  resend(id: string, isMailed?: boolean): Promise<Linked>
  /** @throws GatewayError `not_found`; `conflict` when it is decided already */
  reject(id: string, reason: string | null): Promise<AccessRequest>
}

/** What approvals work with, beside what all requests do. */
export interface ApprovalsOptions extends AccessRequestsOptions {
  readonly hashOf: (kind: LinkKind, secret: string) => string
  /** Rejects with a GatewayError `not_found`. */
  readonly get: (id: string) => Promise<AccessRequest>
  /** Sends what is due. */
  readonly look: () => void
  /** Whether there is a way to send a mail. */
  readonly mails: boolean
}

function decided({ state }: AccessRequest): GatewayError {
  return new GatewayError('conflict', `The request is ${state}: there is nothing to decide any more.`)
}

function conflict(message: string): GatewayError {
  return new GatewayError('conflict', message)
}

/** Approval and rejection over the store of requests. */
export function createApprovals(options: ApprovalsOptions): Approvals {
  const { store, users, userOf, clock, publicUrl, hashOf, get, look, mails, events } = options

  /** A link that a mail will carry has no secret yet: it is made when it is sent. */
  function newLink(isMailed: boolean): { readonly stored: AccessLink; readonly link: string | null } {
    if (publicUrl === null) throw conflict('Nobody can follow a link: set ACCESS_REQUESTS=on and PUBLIC_URL.')
    const at = clock.now()
    const expiresAt = at + ACCESS_LIFETIME_MS
    if (isMailed && mails) return { stored: { secretHash: null, mail: 'due', expiresAt, at }, link: null }
    const secret = randomBase62(43)
    const stored = { secretHash: hashOf('claim', secret), mail: 'none', expiresAt, at } as const
    return { stored, link: linkTo({ publicUrl }, 'claim', secret) }
  }

  async function checkPlan(plan: string | null): Promise<void> {
    if (plan === null || (await options.isPlan(plan))) return
    throw new GatewayError('invalid_request', `There is no plan "${plan}".`, { path: 'plan' })
  }

  /**
   * Makes the user. Their id is written down before: an approval that was cut short goes on with the same user, and of
   * two at a time one makes one.
   */
  async function makeUser(request: AccessRequest, approval: Approval): Promise<string> {
    const { id, email, userId: begun } = request
    if (email === null) throw decided(request)
    const holder = await store.userWithEmail(email)
    if (holder !== undefined && holder !== begun) {
      throw conflict(
        `The user "${holder}" has this address already. Give them a token (minimax-gateway token create ${holder}), and reject this request.`,
      )
    }
    if (holder !== undefined) return holder
    const userId = approval.user ?? begun ?? `usr_${randomBase62(16)}`
    if ((await userOf(userId)) !== undefined) {
      throw new GatewayError('conflict', 'There is a user with this id already.', { path: 'user' })
    }
    if (!(await store.reserve(id, userId, begun, clock.now()))) throw decided(await get(id))
    const { name, limits, plan = options.plan } = approval
    await users.add({ id: userId, name, email, plan, limits })
    return userId
  }

  return {
    async approve(id, approval) {
      const request = await get(id)
      if (request.state !== 'pending' && request.state !== 'verified') throw decided(request)
      const { stored, link } = newLink(approval.isMailed ?? true)
      await checkPlan(approval.plan === undefined ? options.plan : approval.plan)
      const userId = await makeUser(request, approval)
      const user = await userOf(userId)
      if (user !== undefined) await options.joined(user)
      const approved = await store.approve(id, userId, approval.tokenLifetime ?? null, stored)
      if (approved === undefined) throw decided(await get(id))
      events.moved('approved', 1, id)
      look()
      return { request: approved, link }
    },

    async resend(id, isMailed = true) {
      const request = await get(id)
      if (request.state === 'pending') {
        if (!mails)
          throw conflict('There is no mail server to send it by (SMTP_URL): approve the request without.')
        const reminded = await store.remind(id, clock.now())
        if (reminded === undefined) throw decided(await get(id))
        look()
        return { request: reminded, link: null }
      }
      if (request.approvedAt === null || request.state === 'claimed') throw noLink(request)
      const { stored, link } = newLink(isMailed)
      const linked = await store.relink(id, stored)
      if (linked === undefined) {
        throw conflict('Another request of this address is open. Decide that one.')
      }
      look()
      return { request: linked, link }
    },

    async reject(id, reason) {
      await get(id)
      const rejected = await store.reject(id, reason, clock.now())
      if (rejected === undefined) throw decided(await get(id))
      events.moved('rejected', 1, id)
      return rejected
    },
  }
}

function noLink({ state, userId }: AccessRequest): GatewayError {
  if (state === 'claimed') {
    return conflict(`The link was used. For another token: minimax-gateway token create ${userId ?? 'USER'}.`)
  }
  return conflict(`The request is ${state}: there is no link to send.`)
}
