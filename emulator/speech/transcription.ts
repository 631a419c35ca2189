import { billed } from '../answer.ts'
import { invalid, Refusal } from '../errors.ts'
import { traceId } from '../ids.ts'
import { frame, json, sse } from '../json.ts'
import type { Answer, Call } from '../types.ts'

const LIMIT = 50 * 1024 * 1024
const SPOKEN = ['This is what I heard.', 'It was a quiet clip.']

const clock = (secs: number, mark: string): string => {
  const ms = Math.round(secs * 1000)
  const two = (value: number): string => Math.floor(value).toString().padStart(2, '0')
  const rest = (ms % 1000).toString().padStart(3, '0')
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${mark}${rest}`
}

/** Seconds of audio in a file as the emulator hears it: 16,000 bytes (128 kbit/s) are one second, to the millisecond. */
export function heardSeconds(bytes: number): number {
  return Math.max(0.001, Math.round(bytes / 16) / 1000)
}

/** POST /v1/speech_to_text (platform docs: Speech to text): JSON, verbose JSON, srt, vtt, or a stream. */
export function transcription(call: Call): Answer {
  const file = call.form?.files.get('file')
  const values = call.form?.values ?? new Map<string, string>()
  if ((values.get('model') ?? '') === '') throw invalid('model is required')
  if (!file) throw invalid('file is required')
  if (file.bytes > LIMIT) {
    throw new Refusal(0, `request body too large: ${file.bytes} bytes exceeds limit of ${LIMIT} bytes`, 413)
  }
  const duration = heardSeconds(file.bytes)
  const usage = { audio_seconds: duration }
  const half = Math.round(duration * 500) / 1000
  const segments = SPOKEN.map((text, i) => ({
    id: i,
    start: i === 0 ? 0 : half,
    end: i === 0 ? half : duration,
    speaker: `S${i + 1}`,
    text,
  }))
  const text = SPOKEN.join(' ')
  if (values.get('stream') === 'true') {
    const parts = text.match(/\S+\s*/g) ?? []
    const deltas = parts.map((delta, index) => frame({ index, delta, finish: false }))
    return billed(sse([...deltas, frame({ index: parts.length, delta: '', finish: true, duration })]), usage)
  }
  const format = values.get('response_format') ?? 'json'
  // Subtitles tell no duration: the end of their last cue is all there is.
  const told = false
  if (format === 'srt') {
    const rows = segments.map(
      (s) => `${s.id + 1}\n${clock(s.start, ',')} --> ${clock(s.end, ',')}\n${s.text}\n`,
    )
    return { status: 200, type: 'text/plain; charset=utf-8', body: rows.join('\n'), usage, told }
  }
  if (format === 'vtt') {
    const rows = segments.map((s) => `${clock(s.start, '.')} --> ${clock(s.end, '.')}\n${s.text}\n`)
    return { status: 200, type: 'text/vtt; charset=utf-8', body: `WEBVTT\n\n${rows.join('\n')}`, usage, told }
  }
  const trace_id = traceId()
  if (format === 'verbose_json')
    return billed(json({ text, duration, n_speakers: 2, segments, trace_id }), usage)
  if (format !== 'json') throw invalid('response_format')
  return billed(json({ text, duration, trace_id }), usage)
}
