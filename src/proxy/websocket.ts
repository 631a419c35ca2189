import { GatewayError, type Outcome } from '../errors.ts'
import { refusalOf } from './closing.ts'
import { EarlyBytes } from './early.ts'
import type { Handshake } from './handshake.ts'
import { wantOf } from './key-codes.ts'
import type { KeyUse } from './key-use.ts'
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
    const want = wantOf(handshake.operation, handshake.account)
    const key = keys.take(want)
    if (key === undefined) {
      refuse(handshake, new GatewayError('upstream_account'))
      return
    }
    const state: { turn: CallTurn | null; key: KeyUse; isOver: boolean } = { turn: null, key, isOver: false }
    const ended = (outcome: Outcome): void => {
      state.isOver = true
      state.turn?.end()
      // A session that brought nothing says nothing of the key.
      if (call.firstByteAt > 0)
        state.key.heard({ outcome, code: call.providerCode === 0 ? undefined : call.providerCode, status: 0 })
      state.key.end()
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
      account: key.key.account,
      userId: call.caller?.userId ?? '',
      model: call.model,
      cost: 1,
      tokens: 0,
    }
    state.turn = turns.take(request, (error) => {
      if (state.isOver) return
      // While it waited, the key may have been found to be bad, or taken away.
      const good = state.key.isGood ? state.key : keys.take(want)
      const refusal = error ?? (good === undefined ? new GatewayError('upstream_account') : null)
      if (good !== undefined && good !== state.key) {
        state.key.end()
        state.key = good
      }
      if (refusal === null) this.#write({ ...handshake, ended }, early, state.key)
      else {
        ended(refusal.outcome)
        refuse(handshake, refusal)
      }
    })
    // It may have come and gone already.
    if (state.isOver) state.turn.end()
  }

  #write(handshake: Handshake, early: EarlyBytes, use: KeyUse): void {
    const { call, books, socket } = handshake
    // Who leaves now is found out when the call is written down.
    early.watch(null)
    books.open((error) => {
      if (error === null && !early.isGone) {
        this.#connect(handshake, early, use)
        return
      }
      const outcome = error?.outcome ?? 'caller_gone'
      handshake.ended(outcome)
      if (error !== null) {
        call.status = error.status
        call.refusal = refusalOf(error)
      }
      books.settle({ outcome, failure: undefined, document: null }, () => {
        call.finish(outcome)
        if (error !== null) handshake.refuse(error)
        else socket.destroy()
      })
    })
  }

  #connect(handshake: Handshake, early: EarlyBytes, use: KeyUse): void {
    const { call } = handshake
    call.upstreamKey = use.key.name
    call.attempts = 1
    call.sentAt = this.#tools.clock.monotonic()
    new Relay(this.#tools, handshake, early, use).start()
  }
}

/** Refuses a handshake of which nothing is on the books. */
function refuse({ call, refuse: answer }: Handshake, error: GatewayError): void {
  call.status = error.status
  call.refusal = refusalOf(error)
  call.finish(error.outcome)
  answer(error)
}
