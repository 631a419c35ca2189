/** One way in which a secret can stand in an answer. */
interface Form {
  readonly text: string
  readonly bytes: Buffer
  /** Where its first byte stands that hexadecimal text has not: a search for it does not stop at every byte of audio. */
  readonly anchor: number
  /** From the anchor on. */
  readonly tail: Buffer
}

function formOf(text: string): Form {
  const bytes = Buffer.from(text)
  const anchor = Math.max(0, text.search(/[^0-9a-fA-F]/))
  return { text, bytes, anchor, tail: bytes.subarray(anchor) }
}

/** Every way in which a secret can stand in an answer; base64 hides it in three alignments, whose stable middles are looked for. */
function textsOf(secret: string): readonly string[] {
  // As it stands within a JSON string, with and without its optional escape.
  const quoted = JSON.stringify(secret).slice(1, -1)
  const texts = [secret, encodeURIComponent(secret), quoted, quoted.replaceAll('/', '\\/')]
  for (let pad = 0; pad < 3; pad++) {
    const encoded = Buffer.concat([Buffer.alloc(pad), Buffer.from(secret)])
      .toString('base64')
      .replace(/=+$/, '')
    // The first and last characters also depend on what stands around the secret.
    const middle = encoded.slice(pad === 0 ? 0 : pad + 1, -1)
    if (middle.length >= 16) texts.push(middle, middle.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return texts
}

/** The texts that must never reach a caller, in each form in which an answer could carry them. */
export class SecretForms {
  #forms: readonly Form[] = []
  /** By byte: 1 when a form has it. */
  #alphabet = new Uint8Array(256)
  #shortest = Infinity
  /** As few bytes as possible such that each form has one of them, and hexadecimal text has none. */
  #marks: readonly number[] = []

  /** @param secrets the master keys */
  constructor(secrets: readonly string[]) {
    this.replace(secrets)
  }

  /** From now on these are the secrets, in answers under way too. */
  replace(secrets: readonly string[]): void {
    const texts = [...new Set(secrets.flatMap(textsOf))]
    this.#forms = texts.map(formOf)
    this.#alphabet = new Uint8Array(256)
    for (const { bytes } of this.#forms) for (const byte of bytes) this.#alphabet[byte] = 1
    this.#shortest = this.#forms.reduce((least, { bytes }) => Math.min(least, bytes.length), Infinity)
    this.#marks = marksOf(texts)
  }

  get forms(): readonly Form[] {
    return this.#forms
  }

  /** @returns false when there is certainly no secret in the bytes; it is cheaper to ask than to look */
  mayBeIn(bytes: Buffer): boolean {
    if (!this.#hasLongWord(bytes)) return false
    for (const mark of this.#marks) if (bytes.includes(mark)) return true
    return false
  }

  /**
   * Whether as many bytes as the shortest form has follow each other that all are in some form. Of any such word one
   * byte stands where it is looked for; words of prose end long before, so that few bytes are looked at.
   */
  #hasLongWord(bytes: Buffer): boolean {
    const alphabet = this.#alphabet
    const least = this.#shortest
    for (let at = least - 1; at < bytes.length; at += least) {
      let from = at + 1
      while (from > 0 && alphabet[bytes[from - 1] ?? 0] === 1 && at - from < least) from--
      if (from > at) continue
      let to = at + 1
      while (to < bytes.length && alphabet[bytes[to] ?? 0] === 1 && to - from < least) to++
      if (to - from >= least) return true
    }
    return false
  }

  /** @returns the text with every secret in it replaced by asterisks, and how many there were */
  maskText(text: string): { readonly text: string; readonly masked: number } {
    let masked = 0
    let clean = text
    for (const { text: secret } of this.forms) {
      while (clean.includes(secret)) {
        clean = clean.replace(secret, '*'.repeat(secret.length))
        masked++
      }
    }
    return { text: clean, masked }
  }
}

/** Takes, again and again, the character that most of the texts left over have in common. */
function marksOf(texts: readonly string[]): number[] {
  const marks: number[] = []
  let left = texts
  while (left.length > 0) {
    const counts = new Map<string, number>()
    for (const text of left) {
      for (const character of new Set(text.match(/[^0-9a-fA-F]/g) ?? text)) {
        counts.set(character, (counts.get(character) ?? 0) + 1)
      }
    }
    const [best] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one), ['', 0])
    if (best === '') break
    marks.push(best.charCodeAt(0))
    left = left.filter((text) => !text.includes(best))
  }
  return marks
}
