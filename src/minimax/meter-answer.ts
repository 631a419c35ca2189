import { CueReader } from './meter-cues.ts'
import type { CallFacts } from './meter-facts.ts'
import type { Kind } from './meter-kind.ts'
import type { Reading } from './meter-reading.ts'
import { Tally } from './meter-tally.ts'
import { AnswerReader } from './stream.ts'

/** Reads what a call used out of its answer as the bytes pass. It holds a few KiB, and never throws. */
export interface Meter {
  /** Bytes of an HTTP answer, as they were before any encoding, cut anywhere. They are neither changed nor kept. */
  push(chunk: Buffer): void
  /** A whole message of a WebSocket. */
  pushFrame(direction: 'client' | 'server', message: Buffer): void
  /** The answer ended, or was cut off. */
  end(): void
  /** As in `reading`, for those who ask after every piece. */
  readonly hasEnded: boolean
  readonly reading: Reading
}

const NOTHING_DELIVERED = { characters: 0, bytes: 0, frames: 0, tokens: 0 }

/** For what costs nothing and is not looked into: files. */
export class SilentMeter implements Meter {
  hasEnded = false
  readonly #model: string | null

  constructor(model: string | null) {
    this.#model = model
  }

  push(): void {
    // Nothing is read.
  }

  pushFrame(): void {
    // Nothing is read.
  }

  end(): void {
    this.hasEnded = true
  }

  get reading(): Reading {
    return {
      usage: null,
      model: this.#model,
      serviceTier: null,
      resolution: null,
      failure: undefined,
      isComplete: false,
      isReadable: true,
      hasEnded: this.hasEnded,
      delivered: NOTHING_DELIVERED,
    }
  }
}

const LETTER_W = 0x57
const ZERO = 0x30
const NINE = 0x39

/** Reads one answer: a document, an event stream, or a transcript as subtitles. */
export class AnswerMeter implements Meter {
  readonly #tally = new Tally()
  readonly #reader: AnswerReader
  readonly #mayBeCues: boolean
  #cues: CueReader | null = null
  #hasBegun = false
  #isBroken = false

  constructor(kind: Kind, facts: CallFacts, model: string | null) {
    this.#tally.model = model
    this.#reader = new AnswerReader(kind.shape, (found) => kind.read(found, this.#tally, facts))
    this.#mayBeCues = kind.hasCues === true
  }

  push(chunk: Buffer): void {
    if (this.#isBroken) return
    try {
      if (this.#mayBeCues && !this.#hasBegun) this.#lookForCues(chunk[0])
      if (this.#cues === null) this.#reader.push(chunk)
      else this.#cues.push(chunk)
    } catch {
      // A mistake of the meter must not touch the stream: the call is settled by an estimate.
      this.#isBroken = true
    }
  }

  pushFrame(): void {
    // Answers have no frames of WebSockets.
  }

  end(): void {
    if (this.#isBroken) return
    if (this.#cues === null) {
      this.#reader.end()
    } else if (this.#cues.seconds > 0) {
      this.#tally.settle({ audio_seconds: this.#cues.seconds }, false)
      this.#tally.hasEnded = true
    }
  }

  /** srt begins with the number of a cue, vtt with its name. */
  #lookForCues(byte: number | undefined): void {
    if (byte === undefined) return
    this.#hasBegun = true
    if (byte === LETTER_W || (byte >= ZERO && byte <= NINE)) this.#cues = new CueReader()
  }

  get hasEnded(): boolean {
    return this.#tally.hasEnded || this.#tally.isComplete || this.#reader.hasEnded
  }

  get reading(): Reading {
    const tally = this.#tally
    const reader = this.#reader
    return {
      usage: tally.usage,
      model: tally.model,
      serviceTier: tally.serviceTier,
      resolution: tally.resolution,
      failure: tally.failure,
      isComplete: tally.isComplete && !this.#isBroken,
      isReadable: tally.isReadable && reader.isReadable && !this.#isBroken,
      hasEnded: this.hasEnded,
      delivered: {
        characters: tally.characters,
        bytes: Math.floor(tally.bytes),
        frames: reader.frames,
        tokens: tally.tokens,
      },
    }
  }
}
