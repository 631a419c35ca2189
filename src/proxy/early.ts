import type { Duplex } from 'node:stream'

/** What a client sends before it is accepted is kept up to so many bytes; then it is not read on. */
const MAX_EARLY = 64 * 1024

/**
 * Reads the connection of a client that waits to be accepted: for what it sends too early, which must not be lost, and
 * for its end, which an unread connection does not tell.
 */
export class EarlyBytes {
  readonly #socket: Duplex
  readonly #chunks: Buffer[] = []
  #onGone: (() => void) | null = null
  #length = 0

  constructor(socket: Duplex) {
    this.#socket = socket
    socket.on('data', this.#onData)
    for (const event of ['end', 'close', 'error']) socket.on(event, this.#onEnd)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length > MAX_EARLY) this.#socket.pause()
  }

  readonly #onEnd = (): void => this.#onGone?.()

  /** Whether the client has left, or closed its side, after which nobody can be accepted any more. */
  get isGone(): boolean {
    const { destroyed, readable, writable } = this.#socket
    return destroyed || !readable || !writable
  }

  /**
   * Who is told from now on, until the bytes are taken.
   * @param onGone the client has left: called at once where it has left already, and possibly again; null: nobody
   */
  watch(onGone: (() => void) | null): void {
    this.#onGone = onGone
    if (this.isGone) onGone?.()
  }

  /** Lets go of the connection, for somebody else to listen to from now on. @returns what came so far */
  take(): readonly Buffer[] {
    const socket = this.#socket
    socket.off('data', this.#onData)
    for (const event of ['end', 'close', 'error']) socket.off(event, this.#onEnd)
    if (socket.isPaused()) socket.resume()
    return this.#chunks
  }
}
