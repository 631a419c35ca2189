import { GatewayError } from '../errors.ts'
import type { OwnedObject } from '../store/store.ts'
import { voiceDetailOf, type VoiceDetail } from './lists-details.ts'
import { jsonObject, rawOf, stringOf, written } from './lists-json.ts'
import { entryOf } from './system-voices.ts'

export { detailOf, fileDetailOf, taskDetailOf, usedVoiceDetailOf } from './lists-details.ts'
export { tasksList } from './lists-tasks.ts'

const SUCCESS = '{"status_code":0,"status_msg":"success"}'
const INTEGER = /^(?:0|[1-9]\d*)$/

/** What MiniMax says that the files are for which it makes itself (api-reference/file-management-retrieve, -delete). */
const MADE_PURPOSES: Readonly<Record<string, string>> = {
  'speech.async.create': 't2a_async',
  'speech.async.query': 't2a_async',
  'video.query': 'video_generation',
}

/** MiniMax's lists begin with the oldest (api-reference/file-management-list, voice-management-get). */
function oldestFirst(objects: readonly OwnedObject[]): readonly OwnedObject[] {
  return objects.toSorted((a, b) => a.createdAt - b.createdAt)
}

/**
 * The answer to `files.list`: a user's own files.
 * @param objects the user's, of the kind `file`
 * @param purpose of the request, which must name one
 * @throws GatewayError `invalid_query`
 */
export function filesList(objects: readonly OwnedObject[], purpose: string | undefined): Buffer {
  if (purpose === undefined || purpose === '')
    throw new GatewayError('invalid_query', 'The query must name a purpose.', { path: 'purpose' })
  const files = oldestFirst(objects).flatMap((object) => {
    const told = jsonObject(object.detail)
    const itsPurpose = told === undefined ? MADE_PURPOSES[object.operation] : told.fields.purpose
    return itsPurpose === purpose ? (told?.text ?? untoldFile(object, purpose)) : []
  })
  return Buffer.from(`{"files":[${files.join(',')}],"base_resp":${SUCCESS}}`)
}

/** What is known of a file that MiniMax has not described yet, as the list shows it. */
function untoldFile({ id, createdAt }: OwnedObject, purpose: string): string {
  return written([
    ['file_id', INTEGER.test(id) ? id : JSON.stringify(id)],
    ['bytes', '0'],
    ['created_at', Math.floor(createdAt / 1000).toString()],
    ['filename', '""'],
    ['purpose', JSON.stringify(purpose)],
  ])
}

const VOICE_TYPES = ['system', 'voice_cloning', 'voice_generation', 'all'] as const
type VoiceType = (typeof VOICE_TYPES)[number]

function isVoiceType(word: unknown): word is VoiceType {
  return VOICE_TYPES.some((type) => type === word)
}

/**
 * The answer to `voice.list`: the voices that everybody can use, and a user's own by the user's names.
 * @param system JSON text of each system voice, see `SystemVoices.entries`
 * @param objects the user's, of the kind `voice`
 * @param sharedVoices names of the voices that the operator shares; shown as if MiniMax had made them
 * @param voiceType of the request
 * @throws GatewayError `invalid_request` when the type is none of MiniMax's
 */
export function voicesList(
  system: readonly string[],
  objects: readonly OwnedObject[],
  sharedVoices: readonly string[],
  voiceType: unknown,
): Buffer {
  if (!isVoiceType(voiceType)) {
    throw new GatewayError('invalid_request', `The voice_type must be one of: ${VOICE_TYPES.join(', ')}.`, {
      path: 'voice_type',
    })
  }
  const isAsked = (type: VoiceType): boolean => voiceType === type || voiceType === 'all'
  const own = (type: VoiceDetail['type']): string | undefined =>
    isAsked(type) ? `[${ownVoices(objects, type).join(',')}]` : undefined
  return Buffer.from(
    written([
      ['system_voice', isAsked('system') ? `[${commonVoices(system, sharedVoices).join(',')}]` : undefined],
      ['voice_cloning', own('voice_cloning')],
      ['voice_generation', own('voice_generation')],
      ['base_resp', SUCCESS],
    ]),
  )
}

function commonVoices(system: readonly string[], shared: readonly string[]): readonly string[] {
  if (shared.length === 0) return system
  const known = new Set(system.map((voice) => stringOf(rawOf(voice, 'voice_id'))))
  const added = [...new Set(shared)].filter((name) => !known.has(name))
  return [...system, ...added.map(entryOf)]
}

function ownVoices(objects: readonly OwnedObject[], type: VoiceDetail['type']): readonly string[] {
  return oldestFirst(objects).flatMap(({ name, detail, operation, createdAt }) => {
    const voice = voiceDetailOf(detail, operation)
    if (voice.type !== type || (type === 'voice_cloning' && !voice.used)) return []
    const day = new Date(createdAt).toISOString().slice(0, 10)
    return written([
      ['voice_id', JSON.stringify(name)],
      ['description', voice.description],
      ['created_time', JSON.stringify(day)],
    ])
  })
}
