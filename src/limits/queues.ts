import { Chain, type Link } from '../lib/chain.ts'
import type { Priority } from '../lib/priority.ts'
import { NOWHERE, type Ranked } from '../lib/priority.ts'

/** What a lane is to the queues: the calls that wait for the same limit, by user. */
export type LaneQueues<T> = Priority<UserQueue<T>>

/** A user with waiting calls. */
class User<T> {
  readonly id: string
  /** What its calls have counted for, on the scale on which all users are compared. */
  served: number
  /** Its queues, by the lane that they stand in. */
  readonly queues = new Map<LaneQueues<T>, UserQueue<T>>()

  constructor(id: string, served: number) {
    this.id = id
    this.served = served
  }
}

/** The calls of one user that wait in one lane, oldest first. */
export class UserQueue<T> implements Ranked {
  readonly user: User<T>
  readonly lane: LaneQueues<T>
  readonly calls = new Chain<T>()
  rank = 0
  order = 0
  place = NOWHERE

  constructor(user: User<T>, lane: LaneQueues<T>) {
    this.user = user
    this.lane = lane
  }
}

/** Where a call waits. */
export interface Place<T> {
  readonly queue: UserQueue<T>
  readonly link: Link<T>
}

/**
 * Users with waiting calls, served in turn whatever each of them has queued, and in however many lanes: self-clocked fair
 * queueing (Golestani, 1994), with lanes that can be closed. In each lane the user comes first who was served
 * least; who comes anew stands behind all others.
 */
export class Queues<T extends { readonly cost: number }> {
  readonly #users = new Map<string, User<T>>()
  /** The most that any user was served. Who waited in a closed lane is brought up to it: turns are not saved up. */
  #turn = 0
  #order = 0

  /** @returns how many calls of a user wait in a lane */
  waitingOf(userId: string, lane: LaneQueues<T>): number {
    return this.#users.get(userId)?.queues.get(lane)?.calls.size ?? 0
  }

  /** @returns where it waits, for `remove` */
  push(userId: string, lane: LaneQueues<T>, call: T): Place<T> {
    let user = this.#users.get(userId)
    if (user === undefined) {
      user = new User(userId, this.#turn)
      this.#users.set(userId, user)
    }
    let queue = user.queues.get(lane)
    if (queue === undefined) {
      queue = new UserQueue(user, lane)
      user.queues.set(lane, queue)
    }
    const link = queue.calls.push(call)
    if (queue.place === NOWHERE) {
      queue.order = this.#order++
      queue.rank = rankOf(queue)
      lane.push(queue)
    }
    return { queue, link }
  }

  /** A call is let go: its user stands back, in all lanes. The call is still in its place. */
  serve({ user }: UserQueue<T>, cost: number): void {
    user.served = Math.max(this.#turn, user.served + cost)
    this.#turn = user.served
    for (const queue of user.queues.values()) {
      queue.order = this.#order++
      this.#ranked(queue)
    }
  }

  /** Takes a call out, because it has its turn or because it is not wanted any more. */
  remove({ queue, link }: Place<T>): void {
    const { user, lane, calls } = queue
    calls.remove(link)
    if (calls.size > 0) {
      this.#ranked(queue)
      return
    }
    lane.remove(queue)
    user.queues.delete(lane)
    if (user.queues.size === 0) this.#users.delete(user.id)
  }

  #ranked(queue: UserQueue<T>): void {
    queue.rank = rankOf(queue)
    queue.lane.moved(queue)
  }
}

/** What a user will have been served with its next call. */
function rankOf<T extends { readonly cost: number }>({ user, calls }: UserQueue<T>): number {
  return user.served + (calls.first?.cost ?? 0)
}
