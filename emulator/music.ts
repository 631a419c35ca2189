import { createHash } from 'node:crypto'
import { billed } from './answer.ts'
import { invalid } from './errors.ts'
import { traceId } from './ids.ts'
import { frame, json, sse, SUCCESS, text } from './json.ts'
import { clip, cut, MUSIC_NAMES } from './media/audio.ts'
import type { Answer, Call } from './types.ts'

const MODELS = /^(music-(3\.0|2\.6|2\.5|2\.0|1\.5|cover)(-free)?|scenario:.*)$/

/**
 * POST /v1/music_generation (platform docs: Music generation): four seconds of music as hex or URL; streamed like
 * speech, the last frame without audio.
 */
export function music(call: Call): Answer {
  const { body, world } = call
  const model = text(body.model)
  if (!MODELS.test(model)) throw invalid(model === '' ? 'model is required' : `unknown model '${model}'`)
  const cover = text(body.audio_url) + text(body.audio_base64) + text(body.cover_feature_id)
  if (model.startsWith('music-cover') && cover === '')
    throw invalid('audio_url, audio_base64 or cover_feature_id is required')
  if (text(body.prompt) === '' && text(body.lyrics) === '') throw invalid('prompt or lyrics is required')
  const made = clip({ channel: 2, ...settings(body.audio_setting) }, 4000, MUSIC_NAMES)
  const trace_id = traceId()
  const extra_info = {
    music_duration: made.milliseconds,
    music_sample_rate: made.sampleRate,
    music_channel: made.channels,
    bitrate: made.bitrate,
    music_size: made.bytes.length,
  }
  if (body.stream === true) {
    const frames = cut(made, 4).map((part) =>
      frame({
        data: { audio: part.toString('hex'), status: 1 },
        trace_id,
        base_resp: { status_code: 0, status_msg: '' },
      }),
    )
    const last = frame({ data: { audio: '', status: 2 }, trace_id, extra_info, base_resp: SUCCESS })
    return billed(sse([...frames, last]), { songs: 1 })
  }
  const byUrl = text(body.output_format) === 'url'
  const audio = byUrl
    ? world.publish(`music.${made.format}`, made.type, made.bytes)
    : made.bytes.toString('hex')
  const data = { audio, status: 2 }
  return billed(json({ data, trace_id, extra_info, analysis_info: null, base_resp: SUCCESS }), { songs: 1 })
}

function settings(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

/** POST /v1/lyrics_generation {mode, prompt, lyrics, title}. */
export function lyrics(call: Call): Answer {
  const mode = text(call.body.mode)
  if (mode !== 'write_full_song' && mode !== 'edit') throw invalid('mode')
  const song_title = text(call.body.title, 'A Song of Few Words')
  const prompt = text(call.body.prompt, 'a quiet day')
  const written = `[Verse 1]\nYou asked me for ${prompt.slice(0, 80)}\nI sing it as I can\n\n[Chorus]\nLa la la`
  const song = { song_title, style_tags: 'Pop, Calm', lyrics: written }
  return billed(json({ ...song, base_resp: SUCCESS }), { requests: 1 })
}

/** POST /v1/music_cover_preprocess: the same audio gives the same cover_feature_id, whoever sends it. */
export function cover(call: Call): Answer {
  const audio = text(call.body.audio_url) + text(call.body.audio_base64)
  if (audio === '') throw invalid('audio_url or audio_base64 is required')
  const segments = [
    { start: 0, end: 15.5, label: 'intro' },
    { start: 15.5, end: 90, label: 'verse' },
  ]
  const made = json({
    cover_feature_id: createHash('md5').update(audio).digest('hex'),
    formatted_lyrics: '[Verse 1]\nLa la la',
    structure_result: JSON.stringify({ num_segments: segments.length, segments }),
    audio_duration: 90,
    trace_id: traceId(),
    base_resp: SUCCESS,
  })
  return billed(made, { requests: 1 })
}
