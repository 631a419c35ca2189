import type { Meter } from './meter-answer.ts'
import { failureIn, STATUS } from './meter-status.ts'
import { Extractor } from './meter-extract.ts'
import type { Reading } from './meter-reading.ts'
import { shapeOf } from './meter-shape.ts'
import { Tally } from './meter-tally.ts'
import { billedCharactersIn } from './characters.ts'
import { countOf, usageOf } from './usage.ts'

const fromServer = shapeOf({
  ...STATUS,
  event: 'value event',
  isFinal: 'value is_final',
  characters: 'value extra_info.usage_characters',
  voices: 'value extra_info.usage_voice_count',
  audio: 'size data.audio',
})

const fromClient = shapeOf({ event: 'value event', model: 'value model', text: 'span text' })

/** A text that is skipped because it is empty (2203) or too long (2204); the session goes on. */
const SKIPPED: ReadonlySet<unknown> = new Set([2203, 2204])
/** Texts that wait to be spoken; a client that sends more without waiting is counted together. */
const MOST_WAITING = 1000

/**
 * Speech over a WebSocket (speech-t2a-websocket). The final frame of each text says what was billed for it; a frame
 * without a number counts as the last one before it within the same text. The sum over all texts is the usage.
 */
export class SocketMeter implements Meter {
  readonly #server = new Extractor(fromServer)
  readonly #client = new Extractor(fromClient)
  readonly #tally = new Tally()
  #isReadable = true
  #frames = 0
  #characters = 0
  #voices = 0
  /** Of the text that is being spoken: what its frames said so far, and whether any was heard. */
  #current = { characters: 0, voices: 0, isHeard: false }
  readonly #waiting: number[] = []

  constructor(model: string | null) {
    this.#tally.model = model
  }

  push(): void {
    // A WebSocket has messages only.
  }

  end(): void {
    // Every message was read when it came.
  }

  pushFrame(direction: 'client' | 'server', message: Buffer): void {
    try {
      const json = direction === 'client' ? this.#client : this.#server
      json.reset()
      json.push(message, 0, message.length)
      if (!json.isWhole) this.#isReadable = false
      else if (direction === 'client') this.#readClient(message)
      else this.#readServer()
    } catch {
      // A mistake of the meter must not touch the session.
      this.#isReadable = false
    }
  }

  get hasEnded(): boolean {
    return this.#tally.hasEnded
  }

  get reading(): Reading {
    const { model, failure, hasEnded, isReadable, bytes } = this.#tally
    const characters = this.#characters + this.#current.characters
    const voices = this.#voices + this.#current.voices
    const usage = usageOf({ characters, voices })
    const pending = this.#current.isHeard && this.#current.characters === 0 ? (this.#waiting[0] ?? 0) : 0
    return {
      usage: usage === 'wrong' || characters + voices === 0 ? null : usage,
      model,
      serviceTier: null,
      resolution: null,
      failure,
      isComplete: characters + voices > 0 && !this.#current.isHeard,
      isReadable: this.#isReadable && isReadable,
      hasEnded,
      delivered: { characters: characters + pending, bytes, frames: this.#frames, tokens: 0 },
    }
  }

  #readClient(message: Buffer): void {
    const { found } = this.#client
    const { slots } = fromClient
    const event = found.values[slots.event]
    if (event === 'task_start') this.#tally.readModel(found.values[slots.model])
    const to = found.more[slots.text] ?? 0
    if (event !== 'task_continue' || to === 0) return
    const characters = billedCharactersIn(message, found.number(slots.text), to)
    const last = this.#waiting.length - 1
    if (last + 1 < MOST_WAITING) this.#waiting.push(characters)
    else this.#waiting[last] = (this.#waiting[last] ?? 0) + characters
  }

  #readServer(): void {
    const { found } = this.#server
    const { slots } = fromServer
    this.#frames++
    const event = found.values[slots.event]
    const failure = failureIn(found, slots)
    if (failure !== undefined && !SKIPPED.has(failure.code)) this.#tally.failure = failure
    const digits = found.number(slots.audio)
    this.#tally.addAudio(digits)
    if (digits > 0) this.#current.isHeard = true
    if (event === 'task_finished') this.#tally.hasEnded = true
    const told = usageOf({
      characters: countOf(found.values[slots.characters]),
      voices: countOf(found.values[slots.voices]),
    })
    if (told === 'wrong') this.#isReadable = false
    else {
      this.#current.characters = told.characters ?? this.#current.characters
      this.#current.voices = told.voices ?? this.#current.voices
    }
    if (found.values[slots.isFinal] === true || event === 'task_finished') this.#endOfText()
  }

  #endOfText(): void {
    this.#characters += this.#current.characters
    this.#voices += this.#current.voices
    this.#current = { characters: 0, voices: 0, isHeard: false }
    this.#waiting.shift()
  }
}
