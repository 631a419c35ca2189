import { Extractor } from './meter-extract.ts'
import type { Found } from './meter-found.ts'
import { shapeOf } from './meter-shape.ts'
import { OTHER, type Value } from './meter-value.ts'

const request = shapeOf({
  single: 'value voice_setting.voice_id',
  older: 'value voice_id',
  mixed: 'span timbre_weights',
  misspelt: 'span timber_weights',
  file: 'value text_file_id',
})

/** What only requests for speech say about their cost. */
export interface SpeechRequest {
  /** Voices that it names; none for other operations. */
  readonly voices: readonly string[]
  /** Whether the text to speak stands in a file, whose length is not known. */
  readonly isTextInFile: boolean
}

/** A name too long to be read: some voice, and none that anybody knows. */
const UNREADABLE = '?'

/**
 * Which voices a request for speech names, and whether its text stands in a file (speech-t2a-http, -async-create; the
 * oldest interface names its voice at the top).
 * @param body a JSON body that was checked, whole; or a message of a WebSocket
 */
export function speechRequest(body: Buffer): SpeechRequest {
  const json = new Extractor(request)
  json.push(body, 0, body.length)
  const { found } = json
  const { slots } = request
  const file = found.values[slots.file]
  return {
    voices: [
      ...nameOf(found.values[slots.single]),
      ...nameOf(found.values[slots.older]),
      ...namesAt(body, found, slots.mixed),
      ...namesAt(body, found, slots.misspelt),
    ],
    isTextInFile: file !== undefined && file !== null && file !== '',
  }
}

function nameOf(value: Value): string[] {
  if (value === OTHER) return [UNREADABLE]
  return typeof value === 'string' && value !== '' ? [value] : []
}

/** Of a mixture of voices. */
function namesAt(body: Buffer, found: Found, slot: number): string[] {
  const to = found.more[slot] ?? 0
  if (to === 0) return []
  const weights = parsed(body.toString('utf8', found.number(slot), to))
  if (!Array.isArray(weights)) return []
  return weights.flatMap((weight: unknown) => {
    const name =
      typeof weight === 'object' && weight !== null && 'voice_id' in weight ? weight.voice_id : undefined
    return typeof name === 'string' && name !== '' ? [name] : []
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A message of a WebSocket is not checked before: what cannot be read names no voice.
    return undefined
  }
}
