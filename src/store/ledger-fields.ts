/** What a batch consists of on its way to the thread that writes it. */
export type Field = string | number | boolean | null

/** Takes the fields of a batch one after the other. */
export class Fields {
  readonly #fields: readonly unknown[]
  #at = 0

  /** @throws TypeError (or SyntaxError) when the text is not a list in JSON */
  constructor(text: string) {
    const fields: unknown = JSON.parse(text)
    if (!Array.isArray(fields)) throw new TypeError('a batch is a list')
    this.#fields = fields
  }

  get isEmpty(): boolean {
    return this.#at >= this.#fields.length
  }

  /** @throws TypeError, as all that follow, when the next field is of another type */
  text(): string {
    const field = this.#fields[this.#at++]
    if (typeof field !== 'string') throw new TypeError('a text is missing in the batch')
    return field
  }

  number(): number {
    const field = this.#fields[this.#at++]
    if (typeof field !== 'number') throw new TypeError('a number is missing in the batch')
    return field
  }

  numberOrNull(): number | null {
    const field = this.#fields[this.#at++]
    if (typeof field !== 'number' && field !== null) throw new TypeError('a number is missing in the batch')
    return field
  }

  flag(): boolean {
    return this.#fields[this.#at++] === true
  }

  /** The item of the list whose index is the next field. */
  oneOf<Item>(list: readonly Item[]): Item {
    const item = list[this.number()]
    if (item === undefined) throw new TypeError('a word in the batch is not on its list')
    return item
  }
}
