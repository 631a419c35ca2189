import { billed } from '../answer.ts'
import { invalid, Refusal } from '../errors.ts'
import { fields, id, integer, json, SUCCESS, text, write } from '../json.ts'
import { ASYNC_NAMES, clip, spokenMs } from '../media/audio.ts'
import { tar } from '../media/tar.ts'
import { progress, type Task } from '../tasks.ts'
import type { Answer, Call, Fields } from '../types.ts'
import type { World } from '../world.ts'
import { billedCharacters, extraInfo, needSpeechModel, needText, needVoices } from './speech.ts'

/** The text to speak: given, or the content of an uploaded text file. */
function spokenText(body: Fields, world: World): string {
  if (body.text_file_id === undefined) return needText(body, 50_000)
  const file = world.library.files.get(id(body.text_file_id))
  if (!file) throw invalid('text_file_id does not exist')
  return file.content?.toString('utf8') ?? 'too large to keep'
}

/** POST /v1/t2a_async_v2: ids are JSON numbers, usage is told at creation (platform docs: T2A async create). */
export function speechAsync(call: Call): Answer {
  const { body, world, steps } = call
  needSpeechModel(body)
  const spoken = spokenText(body, world)
  world.voices.use(needVoices(body, world))
  const large = steps.bigIds === true
  const fileId = world.ids.next(large)
  const task = world.tasks.add(
    'speech',
    { ...body, text: spoken },
    {
      large,
      fileId,
      delayMs: world.options.taskDelayMs ?? 300,
      failure: steps.taskFails ?? 0,
      stuck: steps.taskStuck ?? false,
    },
  )
  const characters = billedCharacters(spoken)
  const made = json({
    task_id: integer(task.id),
    task_token: `eyJhbGciOiJSUzI1NiJ9.emulator.${task.id}`,
    file_id: integer(fileId),
    usage_characters: characters,
    base_resp: SUCCESS,
  })
  return billed(made, { characters }, { task })
}

/** Puts the result into the account's files: a tar of the audio, its subtitles and its extra_info. */
function deliver(task: Task, world: World): void {
  if (world.library.files.has(task.fileId)) return
  const spoken = text(task.request.text)
  const made = clip(task.request.audio_setting, spokenMs(Array.from(spoken).length), ASYNC_NAMES)
  const name = `${task.fileId}/content`
  const titles = [{ text: spoken, time_begin: 0, time_end: made.milliseconds }]
  const content = tar([
    { name: `${name}.${made.format}`, content: made.bytes },
    { name: `${name}.titles`, content: Buffer.from(JSON.stringify(titles)) },
    { name: `${name}.extra`, content: Buffer.from(write(extraInfo(made, spoken))) },
  ])
  world.library.make(task.fileId, `${task.fileId}.tar`, 't2a_async', 'application/x-tar', content)
}

/** GET /v1/query/t2a_async_query_v2?task_id= (platform docs: T2A async query). */
export function speechAsyncQuery(call: Call): Answer {
  const task = call.world.tasks.find(call.query.get('task_id') ?? '', 'speech')
  if (!task) throw invalid('task_id does not exist')
  let status = 'Processing'
  if (progress(task) >= 1) {
    status = task.failure === 0 ? 'Success' : 'Failed'
    if (task.failure === 0) deliver(task, call.world)
  }
  const base_resp = status === 'Failed' ? failed(task.failure) : SUCCESS
  return json({ task_id: integer(task.id), status, file_id: integer(task.fileId), base_resp })
}

/** base_resp of a failed task. */
export function failed(code: number): Fields {
  const refusal = new Refusal(code)
  return fields({ status_code: refusal.code, status_msg: refusal.message })
}
