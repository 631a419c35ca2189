import type { Meter } from './meter-answer.ts'
import { failureIn, STATUS } from './meter-status.ts'
import { Extractor } from './meter-extract.ts'
import type { Reading } from './meter-reading.ts'
import { shapeOf } from './meter-shape.ts'
import { SpeechMessages } from './meter-speech-message.ts'
import { UnansweredTexts } from './meter-speech-texts.ts'
import { Tally } from './meter-tally.ts'
import { countOf, usageOf } from './usage.ts'

const fromServer = shapeOf({
  ...STATUS,
  event: 'value event',
  isFinal: 'value is_final',
  characters: 'value extra_info.usage_characters',
  voices: 'value extra_info.usage_voice_count',
  audio: 'size data.audio',
})

/** A text that is skipped because it is empty (2203) or too long (2204); the session goes on. */
const SKIPPED: ReadonlySet<unknown> = new Set([2203, 2204])

/**
 * Speech over a WebSocket (speech-t2a-websocket). The final frame of each text says what was billed for it; a frame
 * without a number counts as the last one before it within the same text. The sum over all texts is the usage; texts
 * that were sent and not answered are `delivered` as well, for MiniMax may speak and bill them all the same.
 */
export class SocketMeter implements Meter {
  readonly #server = new Extractor(fromServer)
  readonly #client = new SpeechMessages()
  readonly #tally = new Tally()
  #isReadable = true
  #frames = 0
  #characters = 0
  #voices = 0
  /** Of the text that is being spoken: what its frames said so far, and whether any was heard. */
  #current = { characters: 0, voices: 0, isHeard: false }
  readonly #unanswered = new UnansweredTexts()
  #hasBegun = false

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
      if (direction === 'client') this.#readClient(message)
      else this.#readServer(message)
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
    const unanswered = hasEnded ? 0 : this.#unansweredCharacters()
    return {
      usage: usage === 'wrong' || characters + voices === 0 ? null : usage,
      model,
      serviceTier: null,
      resolution: null,
      failure,
      isComplete: characters + voices > 0 && !this.#current.isHeard && unanswered === 0,
      isReadable: this.#isReadable && isReadable,
      hasEnded,
      delivered: { characters: characters + unanswered, bytes, frames: this.#frames, tokens: 0 },
    }
  }

  /** What a text is billed is told before its last frame at times; then that is the better number. */
  #unansweredCharacters(): number {
    const { characters, first } = this.#unanswered
    return this.#current.characters === 0 ? characters : characters - first
  }

  #readClient(message: Buffer): void {
    const read = this.#client.read(message)
    if (read === null) {
      this.#isReadable = false
      return
    }
    const { event, model, characters } = read
    if (event === 'task_start' && !this.#hasBegun) {
      this.#hasBegun = true
      this.#tally.readModel(model)
    } else if (event === 'task_continue') this.#unanswered.add(characters)
    else if (event === 'task_cancel') this.#unanswered.cancel()
  }

  #readServer(message: Buffer): void {
    const json = this.#server
    json.reset()
    json.push(message, 0, message.length)
    if (!json.isWhole) {
      this.#isReadable = false
      return
    }
    const { found } = json
    const { slots } = fromServer
    this.#frames++
    const event = found.values[slots.event]
    const failure = failureIn(found, slots)
    if (failure !== undefined && !SKIPPED.has(failure.code)) this.#tally.failure = failure
    const digits = found.number(slots.audio)
    this.#tally.addAudio(digits)
    if (digits > 0) this.#current.isHeard = true
    if (event === 'task_finished') this.#tally.hasEnded = true
    else if (event === 'task_canceled') this.#cancelled()
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
    this.#unanswered.answer(this.#current.characters)
    this.#addCurrent()
  }

  #cancelled(): void {
    this.#unanswered.cancelled()
    this.#addCurrent()
  }

  #addCurrent(): void {
    this.#characters += this.#current.characters
    this.#voices += this.#current.voices
    this.#current = { characters: 0, voices: 0, isHeard: false }
  }
}
