import { billedCharactersIn } from './characters.ts'
import { Extractor } from './meter-extract.ts'
import { shapeOf } from './meter-shape.ts'
import type { Value } from './meter-value.ts'

const shape = shapeOf({ event: 'value event', model: 'value model', text: 'span text' })

/** What a client's message to a WebSocket of speech says about its cost. */
export interface SpeechMessage {
  readonly event: Value
  readonly model: Value
  /** Of the text that it wants spoken, as they are billed; 0 where it has none. */
  readonly characters: number
}

/** Reads what a client says in a session of speech (speech-t2a-websocket). One reader serves a whole session. */
export class SpeechMessages {
  readonly #json = new Extractor(shape)

  /** @param message a JSON document. @returns null when it is not whole */
  read(message: Buffer): SpeechMessage | null {
    const json = this.#json
    json.reset()
    json.push(message, 0, message.length)
    if (!json.isWhole) return null
    const { found } = json
    const { slots } = shape
    const to = found.more[slots.text] ?? 0
    const event = found.values[slots.event]
    const characters =
      event === 'task_continue' && to > 0 ? billedCharactersIn(message, found.number(slots.text), to) : 0
    return { event, model: found.values[slots.model], characters }
  }
}
