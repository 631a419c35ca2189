import type { Message } from './relay-flow.ts'

/** What is done with the messages of upstream. */
export interface OutboxOwner {
  /** What has to be written down before the next message may be passed; null: nothing. */
  due(): ((done: () => void) => void) | null
  /** Whether something is being written, so that nothing more need be read. */
  busy(isBusy: boolean): void
  pass(message: Message): void
}

/** Keeps the order of upstream's messages, of which some have to wait until what they cost is on the books. */
export class Outbox {
  readonly #owner: OutboxOwner
  readonly #waiting: Message[] = []
  #isBusy = false
  #onEmpty: (() => void) | null = null

  constructor(owner: OutboxOwner) {
    this.#owner = owner
  }

  push(message: Message): void {
    this.#waiting.push(message)
    if (!this.#isBusy) this.#next()
  }

  /** @param then at once where nothing waits */
  whenEmpty(then: () => void): void {
    if (this.#isBusy) this.#onEmpty = then
    else then()
  }

  #next(): void {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      const write = this.#owner.due()
      if (write !== null) {
        this.#write(write, message)
        return
      }
      this.#owner.pass(message)
    }
    const onEmpty = this.#onEmpty
    this.#onEmpty = null
    onEmpty?.()
  }

  #write(write: (done: () => void) => void, message: Message): void {
    this.#isBusy = true
    this.#owner.busy(true)
    write(() => {
      this.#isBusy = false
      this.#owner.busy(false)
      this.#owner.pass(message)
      this.#next()
    })
  }
}
