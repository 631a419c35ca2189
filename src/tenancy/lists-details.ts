import {
  fieldsOf,
  jsonObject,
  objectOf,
  objectText,
  rawOf,
  stringOf,
  without,
  written,
} from './lists-json.ts'

/** What a list says of the voices of a user; nothing of these is MiniMax's own text. */
export interface VoiceDetail {
  readonly type: 'voice_cloning' | 'voice_generation'
  /** The array `description`, as JSON text. */
  readonly description: string
  /** A clone is listed once it was used (api-reference/voice-management-get). */
  readonly used: boolean
}

/** The operations that make a voice, and how MiniMax calls the two sorts. */
const VOICE_TYPES: Readonly<Record<string, VoiceDetail['type']>> = {
  'voice.clone': 'voice_cloning',
  'voice.design': 'voice_generation',
}

/** `task_type` of what the operation makes (api-reference/video-generation-v2-query). */
const TASK_TYPES: Readonly<Record<string, string>> = {
  'video.v2.create': 'generation',
  'video.v2.regenerate': 'regeneration',
  'video.v2.context_ir': 'h3_context_ir',
}

/** A description is there to be recognised by, not to be kept whole. */
const MAX_DESCRIPTION = 2000

const NO_SECONDS = '{"total_seconds":0,"input_seconds":0,"output_seconds":0,"input_image_count":0}'
const NO_TOKENS = '{"total_tokens":0,"prompt_tokens":0,"completion_tokens":0}'
const NUMBER = /^\d/

/**
 * What a list will show of an object, at the time that it is made.
 * @param operation the one that made it
 * @param requestBody what the caller sent, where that was JSON; else undefined
 * @param answer MiniMax's whole answer
 * @param at milliseconds since the Unix epoch
 * @returns JSON text; '' when there is nothing to show yet
 */
export function detailOf(
  operation: string,
  requestBody: Buffer | undefined,
  answer: Buffer,
  at: number,
): string {
  const request = (requestBody && objectText(requestBody)) ?? '{}'
  if (operation === 'files.upload' || operation === 'files.retrieve') return fileDetailOf(answer)
  const voiceType = VOICE_TYPES[operation]
  if (voiceType !== undefined) return voiceDetail(voiceType, request)
  const taskType = TASK_TYPES[operation]
  return taskType === undefined ? '' : taskSeed(taskType, request, at)
}

/**
 * @param answer of `files.upload` or `files.retrieve`
 * @returns the `file` object as it is written, but without the URL, which is good for nine hours only; '' when there is none
 */
export function fileDetailOf(answer: Buffer): string {
  return partOf(answer, 'file', 'download_url')
}

/**
 * @param answer of `video.v2.query`
 * @returns the `task` object as lists show it: as it is written, without its `modality`; '' when there is none
 */
export function taskDetailOf(answer: Buffer): string {
  return partOf(answer, 'task', 'modality')
}

/** @returns the detail of a voice that has spoken; '' where nothing changes, because it had before or has no detail */
export function usedVoiceDetailOf(detail: string): string {
  const object = objectText(detail)
  if (object === undefined || rawOf(object, 'used') === 'true') return ''
  const kept = fieldsOf(object).filter(({ name }) => name !== 'used')
  return written([...kept.map(({ name, raw }) => [name, raw] as const), ['used', 'true']])
}

/** @param operation the one that made the voice; it decides where the detail says nothing */
export function voiceDetailOf(detail: string, operation: string): VoiceDetail {
  const { description, used } = jsonObject(detail)?.fields ?? {}
  return {
    type: VOICE_TYPES[operation] ?? 'voice_cloning',
    description: Array.isArray(description) ? JSON.stringify(description) : '[]',
    used: used === true,
  }
}

function partOf(answer: Buffer, name: string, hidden: string): string {
  const document = objectText(answer)
  const part = objectOf(document && rawOf(document, name))
  return part === undefined ? '' : without(part, hidden)
}

function voiceDetail(type: VoiceDetail['type'], request: string): string {
  const prompt = type === 'voice_generation' ? (stringOf(rawOf(request, 'prompt')) ?? '') : ''
  const description = prompt === '' ? [] : [prompt.slice(0, MAX_DESCRIPTION).toWellFormed()]
  return JSON.stringify({ type, description, used: false })
}

/** A task that nobody has asked about yet, as MiniMax shows it then. What the request did not choose is left out. */
function taskSeed(taskType: string, request: string, at: number): string {
  const seconds = Math.floor(at / 1000).toString()
  const isText = (raw: string | undefined): boolean => raw?.startsWith('"') === true
  const given = (name: string, isRight: (raw: string) => boolean): string | undefined => {
    const raw = rawOf(request, name)
    return raw !== undefined && isRight(raw) ? raw : undefined
  }
  return written([
    ['model', given('model', isText)],
    ['status', '"queued"'],
    ['created_at', seconds],
    ['updated_at', seconds],
    ['resolution', given('resolution', isText)],
    ['duration', given('duration', (raw) => NUMBER.test(raw))],
    ['usage', taskType === 'h3_context_ir' ? NO_TOKENS : NO_SECONDS],
    ['ratio', given('ratio', isText)],
    ['task_type', JSON.stringify(taskType)],
  ])
}
