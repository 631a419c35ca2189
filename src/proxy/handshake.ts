import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Call } from '../call.ts'
import { GatewayError, type Outcome } from '../errors.ts'
import type { Operation } from '../minimax/catalog.ts'
import type { CallBooks } from './books.ts'
import type { JsonView } from './json.ts'

/** A client's handshake that the policy has let in, not yet answered. */
export interface Handshake {
  readonly call: Call
  readonly books: CallBooks
  readonly operation: Operation
  /** Ours, with our query; nothing of the client's goes on. */
  readonly path: string
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  /** The subprotocol to answer with, if any. */
  readonly protocol: string | null
  /** Takes the connection away from HTTP. */
  readonly release: () => void
  /** The account whose keys alone can carry the session; null: any. */
  readonly account: string | null
  /**
   * What the policy says to each of the client's messages: the message as it may go on. Throws, or rejects with, a
   * GatewayError to refuse it.
   */
  readonly check: (view: JsonView, message: Buffer) => Buffer | Promise<Buffer>
  /** A message of MiniMax's as the caller may read it. */
  readonly masked: (message: Buffer) => Buffer
  /** The session has ended. */
  readonly ended: (outcome: Outcome) => void
  /** Answers the handshake with an error instead. */
  readonly refuse: (error: GatewayError) => void
}

/** Refuses a handshake that is not one of RFC 6455 section 4.2.1, before upstream hears of it. */
export function checkHandshake(request: IncomingMessage): void {
  const { headers } = request
  if (
    headers['sec-websocket-version'] !== '13' ||
    !/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')
  ) {
    throw new GatewayError('invalid_request', 'The WebSocket handshake is not valid.')
  }
}
