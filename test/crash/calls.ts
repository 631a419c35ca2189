import { chat, formFor, speech } from '../helpers/calls.ts'
import {
  completionUsage,
  imageUsage,
  messagesUsage,
  noUsage,
  responsesUsage,
  speechUsage,
  transcriptionUsage,
  type Said,
} from './answers.ts'
import { between, oneOf } from './random.ts'

/** One call of the load over HTTP. */
export interface Plan {
  readonly operation: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** JSON, or a form. */
  readonly body?: Record<string, unknown> | FormData
  readonly said: (body: string) => Said
}

/** What a call may refer to: what earlier calls made. */
export interface Made {
  readonly tasks: string[]
  readonly files: string[]
}

type Planner = (random: () => number, marker: string, made: Made) => Plan

function talk(random: () => number, marker: string): { role: string; content: string }[] {
  return [{ role: 'user', content: `${marker} ${'and so on '.repeat(between(random, 1, 60))}` }]
}

function post(operation: string, path: string, body: Plan['body'], said: Plan['said']): Plan {
  return { operation, method: 'POST', path, ...(body === undefined ? {} : { body }), said }
}

const openai: Planner = (random, marker) => {
  const stream = random() < 0.6
  const asked = stream && random() < 0.5 ? { stream_options: { include_usage: true } } : {}
  const body = chat({ messages: talk(random, marker), stream, ...asked })
  return post('chat.openai', '/v1/chat/completions', body, completionUsage)
}

const native: Planner = (random, marker) => {
  const body = chat({ messages: talk(random, marker), stream: random() < 0.5 })
  return post('chat.native', '/v1/text/chatcompletion_v2', body, completionUsage)
}

const anthropic: Planner = (random, marker) => {
  const body = chat({ messages: talk(random, marker), stream: random() < 0.6 })
  return post('chat.anthropic', '/anthropic/v1/messages', body, messagesUsage)
}

const responses: Planner = (random, marker) => {
  const body = { model: 'MiniMax-M3', input: talk(random, marker)[0]?.content, stream: random() < 0.6 }
  return post('chat.responses', '/v1/responses', body, responsesUsage)
}

/** The emulator answers all of these with 1 MB of audio. */
const spoken: Planner = (_random, marker) =>
  post('speech.sync', '/v1/t2a_v2', speech({ text: `${marker} speaks` }), speechUsage)

const image: Planner = (random, marker) => {
  const body = { model: 'image-01', prompt: marker, n: between(random, 1, 4) }
  return post('image.create', '/v1/image_generation', body, imageUsage)
}

const transcription: Planner = (random, marker) => {
  const audio = 'x'.repeat(between(random, 1, 20) * 16_000)
  return post(
    'transcription.create',
    '/v1/speech_to_text',
    formFor('asr-1.0', audio, { prompt: marker }),
    transcriptionUsage,
  )
}

const upload: Planner = (random, marker) => {
  const form = formFor('none', 'y'.repeat(between(random, 1, 40) * 8_000), { note: marker })
  return post('files.upload', '/v1/files/upload', form, noUsage)
}

const content: Planner = (random, marker, made) => {
  if (made.files.length === 0) return upload(random, marker, made)
  const path = `/v1/files/retrieve_content?file_id=${oneOf(random, made.files)}`
  return { operation: 'files.content', method: 'GET', path, said: noUsage }
}

const video: Planner = (_random, marker) => {
  const body = { model: 'MiniMax-Hailuo-02', prompt: marker, duration: 6 }
  return post('video.create', '/v1/video_generation', body, noUsage)
}

const videoQuery: Planner = (random, marker, made) => {
  if (made.tasks.length === 0) return video(random, marker, made)
  const path = `/v1/query/video_generation?task_id=${oneOf(random, made.tasks)}`
  return { operation: 'video.query', method: 'GET', path, said: noUsage }
}

/** A kind of call as often as it stands here. */
const PLANNERS: readonly Planner[] = [
  ...[openai, openai, openai, native, native, anthropic, anthropic, responses],
  ...[spoken, image, transcription, upload, content, video, videoQuery],
]

/** The next call of the load. */
export function planCall(random: () => number, marker: string, made: Made): Plan {
  return oneOf(random, PLANNERS)(random, marker, made)
}
