import { Chain, type Link } from '../lib/chain.ts'

/** The calls of one user that wait, oldest first. */
class Queue<T> {
  readonly userId: string
  readonly calls = new Chain<T>()
  /** What it has saved up towards its next call. */
  credit = 0
  /** Its place among the others. */
  link: Link<Queue<T>> | null = null

  constructor(userId: string) {
    this.userId = userId
  }
}

/** Where a call waits. */
export interface Place<T> {
  readonly queue: Queue<T>
  readonly link: Link<T>
}

/**
 * Users with waiting calls, served in turn whatever each of them has queued: deficit round robin (Shreedhar and Varghese,
 * 1995) with a quantum of one call. Who comes anew stands behind all others.
 */
export class Ring<T extends { readonly cost: number }> {
  readonly #queues = new Map<string, Queue<T>>()
  readonly #turns = new Chain<Queue<T>>()

  /** @returns how many calls of a user wait */
  waitingOf(userId: string): number {
    return this.#queues.get(userId)?.calls.size ?? 0
  }

  /** @returns where it waits, for `remove` */
  push(userId: string, call: T): Place<T> {
    let queue = this.#queues.get(userId)
    if (queue === undefined) {
      queue = new Queue(userId)
      queue.link = this.#turns.push(queue)
      this.#queues.set(userId, queue)
    }
    return { queue, link: queue.calls.push(call) }
  }

  /** @returns the call whose turn it is, still in its place; undefined: nobody waits */
  next(): T | undefined {
    for (;;) {
      const queue = this.#turns.first
      const call = queue?.calls.first
      if (queue === undefined || call === undefined) return undefined
      queue.credit++
      this.#turns.rotate()
      if (queue.credit < call.cost) continue
      queue.credit -= call.cost
      return call
    }
  }

  /** Takes a call out, because it has its turn or because it is not wanted any more. */
  remove({ queue, link }: Place<T>): void {
    queue.calls.remove(link)
    if (queue.calls.size > 0 || queue.link === null) return
    this.#turns.remove(queue.link)
    queue.link = null
    this.#queues.delete(queue.userId)
  }
}
