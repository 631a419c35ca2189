import { GatewayError, type Outcome } from '../errors.ts'
import { EarlyBytes } from './early.ts'
import type { Handshake } from './handshake.ts'
import type { UpstreamKey } from './keys.ts'
import type { WebSocketTools } from './relay-tools.ts'
import { Relay } from './relay.ts'
import type { CallTurn } from './turn.ts'
import { trusted } from './upstream.ts'

/** What all relays are made with. */
export interface WebSocketOptions extends Omit<WebSocketTools, 'ca'> {
  /** Certificates to trust beside the system's, PEM. */
  readonly caFile?: string | undefined
}

/** Opens relays between clients and upstream. */
export class WebSocketRelays {
  readonly #tools: WebSocketTools

  constructor({ caFile, ...tools }: WebSocketOptions) {
    this.#tools = { ...tools, ca: caFile === undefined ? undefined : trusted(caFile) }
  }

  /**
   * Waits for its turn, writes the call down, opens upstream, and accepts the client only then, so that a refusal is
   * still an HTTP answer.
   */
  open(handshake: Handshake): void {
    const { call, socket } = handshake
    const { keys, turns } = this.#tools
    const key = keys.pickOf(handshake.account)
    if (key === undefined) {
      refuse(handshake, new GatewayError('upstream_account'))
      return
    }
    const state: { turn: CallTurn | null; isOver: boolean } = { turn: null, isOver: false }
    const ended = (outcome: Outcome): void => {
      state.isOver = true
      state.turn?.end()
      handshake.ended(outcome)
    }
    // A client that closes its side only, which its own close would not tell, has left as well.
    const early = new EarlyBytes(socket)
    early.watch(() => {
      if (state.isOver) return
      call.finish('caller_gone')
      ended('caller_gone')
      socket.destroy()
    })
    if (early.isGone) return
    // The model is named by a message, later on.
    const request = {
      account: key.account,
      userId: call.caller?.userId ?? '',
      model: call.model,
      cost: 1,
      tokens: 0,
    }
    state.turn = turns.take(request, (error) => {
      if (state.isOver) return
      if (error === null) this.#write({ ...handshake, ended }, early, key)
      else {
        ended(error.outcome)
        refuse(handshake, error)
      }
    })
    // It may have come and gone already.
    if (state.isOver) state.turn.end()
  }

  #write(handshake: Handshake, early: EarlyBytes, key: UpstreamKey): void {
    const { call, books, socket } = handshake
    // Who leaves now is found out when the call is written down.
    early.watch(null)
    books.open((error) => {
      if (error === null && !early.isGone) {
        this.#connect(handshake, early, key)
        return
      }
      const outcome = error?.outcome ?? 'caller_gone'
      handshake.ended(outcome)
      if (error !== null) call.status = error.status
      books.settle({ outcome, failure: undefined, document: null }, () => {
        call.finish(outcome)
        if (error !== null) handshake.refuse(error)
        else socket.destroy()
      })
    })
  }

  #connect(handshake: Handshake, early: EarlyBytes, key: UpstreamKey): void {
    const { call } = handshake
    call.upstreamKey = key.name
    call.attempts = 1
    call.sentAt = this.#tools.clock.monotonic()
    new Relay(this.#tools, handshake, early, key.authorization).start()
  }
}

/** Refuses a handshake of which nothing is on the books. */
function refuse({ call, refuse: answer }: Handshake, error: GatewayError): void {
  call.status = error.status
  call.finish(error.outcome)
  answer(error)
}
