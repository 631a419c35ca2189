import type { Message } from './relay-flow.ts'

/** What is done with the messages of a client. */
export interface InboxOwner {
  /** Throws, or rejects, to refuse the message. */
  look(message: Message): Promise<void> | undefined
  /** Whether a look is under way, so that nothing more need be read. */
  busy(isBusy: boolean): void
  failed(thrown: unknown): void
}

/** Keeps the order of a client's messages where looking at one of them may take a while. */
export class Inbox {
  readonly #owner: InboxOwner
  readonly #waiting: Message[] = []
  #isBusy = false

  constructor(owner: InboxOwner) {
    this.#owner = owner
  }

  push(message: Message): void {
    this.#waiting.push(message)
    if (!this.#isBusy) this.#next()
  }

  #next(): void {
    try {
      for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
        const look = this.#owner.look(message)
        if (look === undefined) continue
        this.#wait(look)
        return
      }
    } catch (thrown) {
      this.#owner.failed(thrown)
    }
  }

  #wait(look: Promise<void>): void {
    this.#isBusy = true
    this.#owner.busy(true)
    look
      .then(() => {
        this.#isBusy = false
        this.#owner.busy(false)
        this.#next()
      })
      .catch((thrown: unknown) => {
        this.#owner.failed(thrown)
        // What came after it is not looked at any more; but it must be read, or the close would never be heard.
        this.#waiting.length = 0
        this.#isBusy = false
        this.#owner.busy(false)
      })
  }
}
