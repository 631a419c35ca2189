import { billed } from '../answer.ts'
import { invalid, Refusal } from '../errors.ts'
import { fields, id, json, SUCCESS, text } from '../json.ts'
import { clip, spokenMs } from '../media/audio.ts'
import type { Answer, Call } from '../types.ts'
import { SYSTEM_VOICES, type Voice } from '../voices.ts'
import { billedCharacters, extraInfo } from './speech.ts'

const NAME = /^[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]$/

/** POST /v1/voice_clone: the caller chooses the voice_id, which the answer does not repeat (platform docs: Voice clone). */
export function voiceClone(call: Call): Answer {
  const { body, world } = call
  const file = world.library.files.get(id(body.file_id))
  const voice = text(body.voice_id)
  if (!file) throw invalid('file_id does not exist')
  if (file.purpose !== 'voice_clone') throw invalid('file purpose must be voice_clone')
  const prompt = fields(body.clone_prompt).prompt_audio
  if (prompt !== undefined && !world.library.files.has(id(prompt)))
    throw invalid('prompt_audio does not exist')
  if (!NAME.test(voice)) throw invalid('voice_id')
  if (world.voices.made.has(voice) || SYSTEM_VOICES.some((known) => known.voice_id === voice))
    throw new Refusal(2039)
  world.voices.made.set(voice, {
    id: voice,
    kind: 'voice_cloning',
    description: [],
    createdAt: Date.now(),
    used: false,
  })
  const preview = text(body.text)
  let demo_audio = ''
  let extra_info: object | undefined
  const characters = billedCharacters(preview)
  if (preview !== '') {
    if (text(body.model) === '') throw invalid('model is required with text')
    const made = clip({}, spokenMs(Array.from(preview).length))
    demo_audio = world.publish('demo.mp3', made.type, made.bytes)
    extra_info = extraInfo(made, preview)
  }
  const sensitive = { input_sensitive: false, input_sensitive_type: 0 }
  return billed(json({ ...sensitive, demo_audio, extra_info, base_resp: SUCCESS }), { characters })
}

/** POST /v1/voice_design: a voice from a description, with a spoken preview (platform docs: Voice design). */
export function voiceDesign(call: Call): Answer {
  const { body, world } = call
  if (text(body.prompt) === '') throw invalid('prompt is required')
  const preview = text(body.preview_text)
  if (preview === '') throw invalid('preview_text is required')
  if (Array.from(preview).length > 500) throw invalid('preview_text is too long')
  const now = new Date().toISOString().replace(/\D/g, '').slice(0, 16)
  const made = world.voices.made.size.toString(36).padStart(8, '0')
  const voice = text(body.voice_id) === '' ? `ttv-voice-${now}-${made}` : text(body.voice_id)
  if (world.voices.made.has(voice)) throw new Refusal(2039)
  const description = [text(body.prompt)]
  world.voices.made.set(voice, {
    id: voice,
    kind: 'voice_generation',
    description,
    createdAt: Date.now(),
    used: false,
  })
  const audio = clip({}, spokenMs(Array.from(preview).length))
  const answer = json({ trial_audio: audio.bytes.toString('hex'), voice_id: voice, base_resp: SUCCESS })
  return billed(answer, { characters: billedCharacters(preview) })
}

const shown = ({ id: voice_id, description, createdAt }: Voice) => ({
  voice_id,
  description,
  created_time: new Date(createdAt).toISOString().slice(0, 10),
})

/** POST /v1/get_voice: every voice of the account, whoever made it; clones only after their first use. */
export function voiceList(call: Call): Answer {
  const kind = text(call.body.voice_type)
  if (!['system', 'voice_cloning', 'voice_generation', 'all'].includes(kind)) throw invalid('voice_type')
  const made = [...call.world.voices.made.values()]
  const out: Record<string, unknown> = {}
  if (kind === 'system' || kind === 'all') out.system_voice = SYSTEM_VOICES
  if (kind === 'voice_cloning' || kind === 'all') {
    out.voice_cloning = made.filter((voice) => voice.kind === 'voice_cloning' && voice.used).map(shown)
  }
  if (kind === 'voice_generation' || kind === 'all') {
    out.voice_generation = made.filter((voice) => voice.kind === 'voice_generation').map(shown)
  }
  return json({ ...out, base_resp: SUCCESS })
}

/** POST /v1/delete_voice. */
export function voiceDelete(call: Call): Answer {
  const voice = call.world.voices.made.get(text(call.body.voice_id))
  if (voice?.kind !== text(call.body.voice_type)) throw invalid('voice_id does not exist')
  call.world.voices.made.delete(voice.id)
  const created_time = Math.floor(voice.createdAt / 1000).toString()
  return json({ voice_id: voice.id, created_time, base_resp: SUCCESS })
}
