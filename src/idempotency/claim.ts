import type { KeptAnswer, WithoutAnswer } from '../store/store.ts'
import type { MemoryBudget } from './memory.ts'

/** How the call under a key ended. */
export interface ClaimEnding {
  /** The answer has come in full, whether or not the caller was there to take it. */
  readonly isWhole: boolean
  readonly isStream: boolean
  /** The whole request has left, or may have, and upstream has not said that it does not take it on. */
  readonly mayHaveRun: boolean
}

/** What becomes of a key: it is given back, or its call is remembered. */
export type Fate = 'release' | KeptAnswer | WithoutAnswer

/** What one claim works with. */
export interface ClaimOptions {
  readonly requestId: string
  /** Bytes of the largest answer that is kept. */
  readonly maxAnswer: number
  readonly memory: MemoryBudget
  /** Writes down what becomes of the key. Never rejects. */
  readonly settle: (fate: Fate) => Promise<void>
}

/**
 * The claim of one call on its key: collects the answer while it goes to the caller, and says at the call's end what
 * becomes of the key. The first end holds.
 */
export class Claim {
  readonly #options: ClaimOptions
  #head: { readonly status: number; readonly contentType: string } | null = null
  #chunks: Buffer[] = []
  #length = 0
  #isTooLarge = false
  #settled: Promise<void> | null = null

  constructor(options: ClaimOptions) {
    this.#options = options
  }

  /** The answer begins. Not called for a stream: what it says is not kept. */
  begin(status: number, contentType: string): void {
    this.#head = { status, contentType }
  }

  /** Bytes of the answer's body, in order. They must not change afterwards. */
  take(bytes: Buffer): void {
    if (this.#head === null || this.#isTooLarge || bytes.length === 0 || this.#settled !== null) return
    const { maxAnswer, memory } = this.#options
    if (this.#length + bytes.length > maxAnswer || !memory.take(bytes.length)) {
      this.#isTooLarge = true
      this.#forget()
      return
    }
    this.#chunks.push(bytes)
    this.#length += bytes.length
  }

  /** The call has ended. @param done comes once what becomes of the key is on disk, or could not be written */
  end(ending: ClaimEnding, done: () => void): void {
    this.#settle(this.#fateOf(ending), done)
  }

  /** Gives the key back, because the call was refused before anything of it went upstream. @param done as of `end` */
  release(done: () => void): void {
    this.#settle('release', done)
  }

  #settle(fate: Fate, done: () => void): void {
    this.#settled ??= this.#options.settle(fate).then(() => this.#forget())
    void this.#settled.then(done)
  }

  #fateOf({ isWhole, isStream, mayHaveRun }: ClaimEnding): Fate {
    if (!mayHaveRun) return 'release'
    if (isWhole) return this.#answer() ?? 'unrepeatable'
    return isStream ? 'unrepeatable' : 'unknown'
  }

  #answer(): KeptAnswer | null {
    if (this.#head === null || this.#isTooLarge) return null
    const { requestId } = this.#options
    return { ...this.#head, requestId, body: Buffer.concat(this.#chunks, this.#length) }
  }

  #forget(): void {
    this.#options.memory.release(this.#length)
    this.#chunks = []
    this.#length = 0
  }
}
