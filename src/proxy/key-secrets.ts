import type { Clock } from '../lib/clock.ts'
import type { SecretForms } from './secrets.ts'

/** Beyond this the oldest of those that are gone are not looked for: each costs every answer. */
const MOST_GONE = 64

/** The texts of all keys that an answer may hold: those in use, and for a while those that are gone. */
export class KeySecrets {
  readonly #forms: SecretForms
  readonly #clock: Clock
  readonly #keepMs: number
  #current: ReadonlySet<string> = new Set()
  /** Until when, by the monotonic clock; the oldest first. */
  readonly #gone = new Map<string, number>()

  /** @param keepMs for how long answers to a key that is gone may come */
  constructor(forms: SecretForms, clock: Clock, keepMs: number) {
    this.#forms = forms
    this.#clock = clock
    this.#keepMs = keepMs
  }

  /** From now on these are in use. To be called before the first of them is sent. */
  use(secrets: Iterable<string>): void {
    const current = new Set(secrets)
    const now = this.#clock.monotonic()
    for (const secret of this.#current) if (!current.has(secret)) this.#gone.set(secret, now + this.#keepMs)
    for (const [secret, until] of this.#gone)
      if (until <= now || current.has(secret) || this.#gone.size > MOST_GONE) this.#gone.delete(secret)
    this.#current = current
    this.#forms.replace([...current, ...this.#gone.keys()])
  }
}
