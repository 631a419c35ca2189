import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Authenticator } from '../auth/authenticator.ts'
import type { Identity } from '../auth/identity.ts'
import type { LastUsed } from '../auth/last-used.ts'
import type { FailureThrottle } from '../auth/throttle.ts'
import type { Call } from '../call.ts'
import { GatewayError } from '../errors.ts'
import type { Claim } from '../idempotency/claim.ts'
import type { Replays } from '../idempotency/replays.ts'
import type { Clock } from '../lib/clock.ts'
import type { Demand, Limiter } from '../limits/limiter.ts'
import type { KnownOfCall } from '../metering/entry.ts'
import type { CallHold } from '../metering/hold.ts'
import type { Overload } from '../limits/overload.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Match } from '../minimax/catalog.ts'
import type { BodyTools } from '../proxy/body.ts'
import type { CallBooks } from '../proxy/books.ts'
import type { ExchangeTools } from '../proxy/outgoing.ts'
import type { Pseudonyms } from '../proxy/pseudonym.ts'
import type { WebSocketRelays } from '../proxy/websocket.ts'
import type { ScreenedCall } from '../tenancy/callbacks.ts'
import type { ListRequest } from '../tenancy/listings.ts'
import type { Session } from '../tenancy/session.ts'
import type { Owner, ScreenedRequest } from '../tenancy/tools.ts'
import type { KnownOrigins } from './cors.ts'
import type { Watch } from './watch.ts'

/** The books of one call, which also know what it may cost and what is held for it. */
export interface HeldBooks extends CallBooks {
  /** Before anything is reserved. @throws GatewayError `price_unknown` */
  check(): void
  /** The most that the call may use and cost. @param known what its request does not say by itself */
  worstCase(known: KnownOfCall): Pick<Demand, 'charged' | 'usage'>
  /**
   * Holds what a client's message of a WebSocket may cost, before it is sent.
   * @param voices how many voices that the session names were never used
   * @returns undefined when it may go on now. Throws, or rejects with, a GatewayError when it may not
   */
  admit(message: Buffer, voices: number): Promise<void> | undefined
  /** What was reserved. The books end it when they are settled. */
  hold: CallHold | null
}

/** What the pipeline puts in order. */
export interface Pipeline {
  readonly exchange: ExchangeTools
  readonly bodies: BodyTools
  readonly relays: WebSocketRelays
  /**
   * Whoever keeps the books of a call.
   * @param body the whole request, where it is in memory
   * @param subject the id in the path; '' where there is none
   */
  readonly books: (call: Call, identity: Identity | null, body: Buffer | null, subject: string) => HeldBooks
  /** Who keeps callers inside their limits. */
  readonly limiter: Pick<Limiter, 'reserve' | 'standing'>
  /** Whether calls that nothing limits need an estimate, too: the account is limited to so many tokens. */
  readonly estimatesAll: boolean
  /** Who gives the answer to a request again. */
  readonly replays: Pick<Replays, 'begin'>
  /** Who refuses requests while there are more than this process can serve. */
  readonly overload: Overload
  /**
   * Looks at the objects that a request names, before anything goes upstream; null: it has nothing to do with any.
   * Throws, or rejects with, a GatewayError.
   */
  readonly screen: (
    owner: Owner,
    request: ScreenedRequest,
  ) => ScreenedCall | null | Promise<ScreenedCall | null>
  /** The same for the messages of a WebSocket. */
  readonly session: (owner: Owner, operation: string) => Session
  /** What MiniMax is told about whose call it is. */
  readonly pseudonyms: Pseudonyms
  /** A list of a user's own objects, as the document of its answer. Rejects with a GatewayError. */
  readonly list: (userId: string, request: ListRequest) => Promise<Buffer>
  /** @throws GatewayError `price_unknown` */
  readonly checkPrice: (operation: string, model: string) => void
  readonly authenticator: Authenticator
  /** Origins whose pages may call. */
  readonly origins: KnownOrigins
  /** The flood limit of the caller's address; null: none. Rejects with a GatewayError. */
  readonly flood: ((request: FastifyRequest) => Promise<void>) | null
  readonly failures: FailureThrottle
  /** Told of each credential that was let in, and from which network address. Must not throw. */
  readonly used: LastUsed['used']
  readonly metrics: Metrics
  readonly clock: Clock
  readonly groupId: string | undefined
  /** Whether new work is refused, because the process is about to end. */
  readonly isDraining: () => boolean
  /** Watches for leaked and abused tokens. */
  readonly watch: Watch
  /** One log line. Called once for each call, at its end. */
  readonly log: (call: Call) => void
}

/** What a request carries from one stage to the next. */
export interface Passage {
  readonly call: Call
  readonly response: ServerResponse
  /** Null where no operation matched: such a request is refused. */
  readonly match: Match | null
  /** What stood behind the `?`, as it came. */
  readonly query: string
  identity: Identity | null
  /** The subprotocol with which a WebSocket is to be accepted. */
  protocol: string | null
  /** On the key under which the request is to be carried out once; given back when it is refused. */
  claim: Claim | null
}

/** A passage whose operation is known. */
export type MatchedPassage = Passage & { readonly match: Match }

declare module 'fastify' {
  interface FastifyRequest {
    passage: Passage | null
  }
}

/** @throws GatewayError `operation_not_found` */
export function matched(passage: Passage): MatchedPassage {
  if (!isMatched(passage)) throw new GatewayError('operation_not_found')
  return passage
}

function isMatched(passage: Passage): passage is MatchedPassage {
  return passage.match !== null
}

/** A request that wants to become a WebSocket, until it does. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>()

/** Remembers the connection of a request for an upgrade, for when the pipeline has let it through. */
export function rememberUpgrade(request: IncomingMessage, upgrade: Upgrade): void {
  upgrades.set(request, upgrade)
}

/** @returns undefined for a request that wants no upgrade */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return upgrades.get(request)
}

/** @throws GatewayError `model_missing` or `model_forbidden` */
export function checkModel({ call, identity, match }: MatchedPassage, model: string | undefined): void {
  const rule = match.operation.model
  if (rule === 'none') return
  if (model === undefined || model === '') {
    if (rule === 'required') throw new GatewayError('model_missing')
    // Where upstream would pick a model itself, a token that is bound to some must name one of them.
    if (rule === 'defaulted' && identity?.mayUseModel('') !== true) throw new GatewayError('model_forbidden')
    return
  }
  call.model = model
  if (identity?.mayUseModel(model) !== true) throw new GatewayError('model_forbidden')
}

/** Whose call it is, for what is kept of it. */
export function ownerOf({ call }: Passage): Owner {
  return {
    userId: call.caller?.userId ?? '',
    tokenId: call.caller?.tokenId ?? '',
    requestId: call.requestId,
  }
}
