import type { Call } from '../call.ts'
import type { GatewayError } from '../errors.ts'
import type { Reading } from '../minimax/meters.ts'
import { SpeechMessages } from '../minimax/meter-speech-message.ts'
import type { Estimator, WorstCase } from './estimate.ts'
import type { CallHold } from './hold.ts'

type Done = (error: GatewayError | null) => void

/** What all that a session of speech holds is reckoned by. */
export interface SessionTerms {
  readonly estimator: Pick<Estimator, 'sessionHold'>
  /** When the session began, in epoch milliseconds. */
  readonly at: number
  /** What the user pays, as a multiple of the list price. */
  readonly multiplier: string
}

/** What a session of speech over a WebSocket holds of its caller's limits as it goes on. */
export class SessionHold {
  readonly #terms: SessionTerms
  readonly #call: Call
  readonly #messages = new SpeechMessages()
  /** Of the text that is about to be sent. */
  #coming = 0
  #voices = 0

  constructor(terms: SessionTerms, call: Call) {
    this.#terms = terms
    this.#call = call
  }

  /**
   * Holds what a client's message may cost, beside all that went before it.
   * @param reading what the session has used so far
   * @param voices how many voices that it names were never used
   * @returns undefined when the message may go on now. Throws, or rejects with, a GatewayError when it may not go on
   */
  admit(
    hold: CallHold | null,
    reading: () => Reading,
    message: Buffer,
    voices: number,
  ): Promise<void> | undefined {
    if (hold === null) return undefined
    const read = this.#messages.read(message)
    const isStart = read?.event === 'task_start'
    const characters = read?.characters ?? 0
    if (!isStart && characters === 0) return undefined
    this.#coming = characters
    this.#voices = voices
    const most = this.#most(reading())
    const { model } = this.#call
    // Only now is it known whose rates and budgets they are.
    const whole = isStart && model !== '' ? { ...most, model } : most
    return awaited((done) => hold.extend(whole, done))
  }

  /** The message was sent: from now on the meter knows of it. */
  sent(): void {
    this.#coming = 0
  }

  /** Something was used. @param done with an error when there is not so much */
  used(hold: CallHold, reading: Reading, done: Done): void {
    hold.extend(this.#most(reading), done)
  }

  #most({ usage, delivered }: Reading): WorstCase {
    const { estimator, at, multiplier } = this.#terms
    const characters = delivered.characters + this.#coming
    return estimator.sessionHold(
      this.#call.model,
      at,
      multiplier,
      characters,
      Math.max(this.#voices, usage?.voices ?? 0),
    )
  }
}

/** @returns undefined when it was done at once and well. Throws, or rejects with, its error */
function awaited(start: (done: Done) => void): Promise<void> | undefined {
  const answer: { error?: GatewayError | null; tell?: Done } = {}
  start((error) => {
    answer.error = error
    answer.tell?.(error)
  })
  if (answer.error === null) return undefined
  if (answer.error !== undefined) throw answer.error
  return new Promise((resolve, reject) => {
    answer.tell = (error) => (error === null ? resolve() : reject(error))
  })
}
