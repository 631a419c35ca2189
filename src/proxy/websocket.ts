import type { Handshake } from './handshake.ts'
import type { WebSocketTools } from './relay-tools.ts'
import { Relay } from './relay.ts'
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

  /** Writes the call down, opens upstream, and accepts the client only then, so that a refusal is still an HTTP answer. */
  open(handshake: Handshake): void {
    const { call, books, socket } = handshake
    books.open((error) => {
      if (error === null && !socket.destroyed) {
        this.#connect(handshake)
        return
      }
      const outcome = error?.outcome ?? 'caller_gone'
      if (error !== null) call.status = error.status
      books.settle({ outcome, failure: undefined, document: null }, () => {
        call.finish(outcome)
        if (error !== null) handshake.refuse(error)
      })
    })
  }

  #connect(handshake: Handshake): void {
    const { call } = handshake
    const key = this.#tools.keys.pick()
    call.upstreamKey = key.name
    call.attempts = 1
    call.sentAt = this.#tools.clock.monotonic()
    new Relay(this.#tools, handshake, key.authorization).start()
  }
}
