/** More texts than this are not told apart; the rest is counted together. */
const MOST_APART = 1000

interface Sent {
  texts: number
  characters: number
  /** A `task_cancel` was sent after it. */
  isCancelled: boolean
}

/** The texts of a session that were sent and not answered yet, oldest first. */
export class UnansweredTexts {
  readonly #sent: Sent[] = []
  #characters = 0

  /** Of all of them, as they are billed. */
  get characters(): number {
    return this.#characters
  }

  /** Of the one that is answered next. */
  get first(): number {
    return this.#sent[0]?.characters ?? 0
  }

  add(characters: number): void {
    this.#characters += characters
    const last = this.#sent.at(-1)
    if (last === undefined || this.#sent.length < MOST_APART) {
      this.#sent.push({ texts: 1, characters, isCancelled: false })
      return
    }
    last.texts++
    last.characters += characters
    last.isCancelled = false
  }

  /** @param characters as the answer tells them; 0: it tells none */
  answer(characters: number): void {
    // Nothing can be told of an empty text: those that come before one that was spoken were passed over.
    while (characters > 0 && this.#sent.length > 1 && this.first === 0) this.#sent.shift()
    const [first] = this.#sent
    if (first === undefined) return
    const taken = first.texts === 1 ? first.characters : Math.min(first.characters, characters)
    first.texts--
    first.characters -= taken
    this.#characters -= taken
    if (first.texts === 0) this.#sent.shift()
  }

  /** What was sent up to now is to be cancelled, if upstream says so. */
  cancel(): void {
    for (const one of this.#sent) one.isCancelled = true
  }

  /** Upstream says so. */
  cancelled(): void {
    while (this.#sent[0]?.isCancelled === true) this.#characters -= this.#sent.shift()?.characters ?? 0
  }
}
