import { billed } from '../answer.ts'
import { bench } from '../chat/bench.ts'
import { invalid, Refusal } from '../errors.ts'
import { traceId } from '../ids.ts'
import { fields, frame, json, list, sse, SUCCESS, text } from '../json.ts'
import { clip, cut, FORMATS, spokenMs, type Clip } from '../media/audio.ts'
import type { Answer, Call, Fields } from '../types.ts'
import type { World } from '../world.ts'
import { SYSTEM_VOICES } from '../voices.ts'

const MODELS = /^(speech-(2\.8|2\.6|2\.5|02|01)-(hd|turbo)(-preview)?|speech-0[12]|scenario:.*|bench-.*)$/

/** Characters that speech bills: one each, two for Chinese, Japanese and Korean ones (platform pricing page). */
export function billedCharacters(of: string): number {
  let sum = 0
  for (const char of of)
    sum += /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u{20000}-\u{3ffff}]/u.test(char) ? 2 : 1
  return sum
}

/** Refuses an unknown or missing speech model. */
export function needSpeechModel(body: Fields): void {
  const model = text(body.model)
  if (model === '') throw invalid('model is required')
  if (!MODELS.test(model)) throw invalid(`unknown model '${model}'`)
}

/** The voices a request names; every one must exist on the account. */
export function needVoices(body: Fields, world: World): string[] {
  const weighted = list(body.timbre_weights).map((row) => text(fields(row).voice_id))
  const named = [text(fields(body.voice_setting).voice_id), ...weighted].filter((id) => id !== '')
  if (named.length === 0) throw invalid('voice_id is required')
  for (const id of named) {
    const system = SYSTEM_VOICES.some((voice) => voice.voice_id === id)
    const looksSystem = /^(English|Chinese|Japanese|Korean|Spanish|German|French)\b|^(fe)?male-/.test(id)
    if (!system && !looksSystem && !world.voices.made.has(id)) throw new Refusal(2042)
  }
  return named
}

/** extra_info of a clip; `text` is what was spoken, `firstUses` the number of voices whose fee falls due now. */
export function extraInfo(made: Clip, spoken: string, firstUses = 0): Fields {
  return {
    audio_length: made.milliseconds,
    audio_sample_rate: made.sampleRate,
    audio_size: made.bytes.length,
    bitrate: made.bitrate,
    word_count: Array.from(spoken).length,
    invisible_character_ratio: 0,
    usage_characters: billedCharacters(spoken),
    audio_format: made.format,
    audio_channel: made.channels,
    ...(firstUses > 0 ? { usage_voice_count: firstUses } : {}),
  }
}

/** Refuses a text that is missing or longer than `limit`, and unknown audio formats. */
export function needText(body: Fields, limit: number): string {
  const spoken = text(body.text)
  if (spoken.trim() === '') throw invalid('text is required')
  if (Array.from(spoken).length > limit) throw invalid('text is too long')
  const format = text(fields(body.audio_setting).format, 'mp3')
  if (!FORMATS.includes(format)) throw invalid('audio_setting.format')
  return spoken
}

function subtitle(world: World, spoken: string, milliseconds: number): string {
  const end = Array.from(spoken).length
  const rows = [
    {
      text: spoken,
      time_begin: 0,
      time_end: milliseconds,
      text_begin: 0,
      text_end: end,
      is_final_segment: true,
    },
  ]
  return world.publish('subtitle.json', 'application/json', Buffer.from(JSON.stringify(rows)))
}

/**
 * POST /v1/t2a_v2 (platform docs: T2A v2): hex or URL; streamed as chunks of status 1 and a last frame of status 2
 * that holds the whole clip once more unless stream_options.exclude_aggregated_audio, and the only extra_info.
 */
export function speech(call: Call): Answer {
  const fixed = bench(call)
  if (fixed) return fixed
  const { body, world } = call
  needSpeechModel(body)
  const spoken = needText(body, 10_000)
  const voices = needVoices(body, world)
  const made = clip(body.audio_setting, spokenMs(Array.from(spoken).length))
  const firstUses = world.voices.use(voices)
  const extra_info = extraInfo(made, spoken, firstUses)
  const usage = { characters: billedCharacters(spoken), voices: firstUses }
  const trace_id = traceId()
  const withSubtitle = body.subtitle_enable === true
  const subtitle_file = withSubtitle ? { subtitle_file: subtitle(world, spoken, made.milliseconds) } : {}
  if (body.stream === true) {
    const chunks = cut(made, 4).map((part) => {
      const data = { audio: part.toString('hex'), status: 1, ced: '' }
      return frame({ data, trace_id, base_resp: { status_code: 0, status_msg: '' } })
    })
    const whole =
      fields(body.stream_options).exclude_aggregated_audio === true ? '' : made.bytes.toString('hex')
    const data = { audio: whole, status: 2, ...subtitle_file, ced: '' }
    return billed(sse([...chunks, frame({ data, extra_info, trace_id, base_resp: SUCCESS })]), usage)
  }
  const byUrl = text(body.output_format) === 'url'
  const audio = byUrl
    ? world.publish(`speech.${made.format}`, made.type, made.bytes)
    : made.bytes.toString('hex')
  const data = { audio, status: 2, ...subtitle_file, ced: '' }
  return billed(json({ data, extra_info, trace_id, base_resp: SUCCESS }), usage)
}

/** POST /v1/t2a_pro (legacy): the audio is a URL in audio_file. */
export function speechPro(call: Call): Answer {
  const spoken = needText(call.body, 35_000)
  const made = clip({}, spokenMs(Array.from(spoken).length))
  const audio_file = call.world.publish('speech.mp3', made.type, made.bytes)
  const extra_info = extraInfo(made, spoken)
  const answer = json({ trace_id: traceId(), audio_file, extra_info, base_resp: SUCCESS })
  return billed(answer, { characters: billedCharacters(spoken) })
}
