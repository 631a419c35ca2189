import type { Outcome } from '../errors.ts'
import type { OwnedObject } from '../store/store.ts'
import { markUsed, type OwnershipTools } from './tools.ts'

/** Looks at a message: as it may go on, and the sender's own objects that it names. */
type Screen = (message: Buffer, used: (objects: readonly OwnedObject[]) => void) => Buffer | Promise<Buffer>

/** The objects of one WebSocket. */
export class Session {
  /** The account whose keys alone can carry it. */
  readonly account: string
  readonly #tools: OwnershipTools
  readonly #userId: string
  readonly #screen: Screen
  readonly #used = new Map<string, OwnedObject>()

  constructor(tools: OwnershipTools, userId: string, account: string, screen: Screen) {
    this.#tools = tools
    this.#userId = userId
    this.account = account
    this.#screen = screen
  }

  /**
   * @returns the message as it may go on
   * @throws GatewayError, or rejects with one: `object_not_found`, `invalid_request`
   */
  check(message: Buffer): Buffer | Promise<Buffer> {
    return this.#screen(message, (objects) => {
      for (const object of objects) this.#used.set(object.id, object)
    })
  }

  /** How many of the voices that it names were never used: the first use of each has a fee. */
  get unusedVoices(): number {
    let unused = 0
    for (const { kind, expiresAt } of this.#used.values())
      if (kind === 'voice' && expiresAt !== null) unused++
    return unused
  }

  /** @returns a message of MiniMax's with the user's own names in place of ours */
  masked(message: Buffer): Buffer {
    const names = [...this.#used.values()].map(({ name }) => name)
    return this.#tools.names.scrubNames(message, this.#userId, names)
  }

  ended(outcome: Outcome): void {
    if (outcome === 'ok') markUsed(this.#tools, [...this.#used.values()])
  }
}
