import { billed } from '../answer.ts'
import { invalid } from '../errors.ts'
import { json, list, number, SUCCESS, text } from '../json.ts'
import { mp4 } from '../media/mp4.ts'
import { failed } from '../speech/async.ts'
import { progress, type Task, type TaskKind } from '../tasks.ts'
import type { Answer, Call, Fields } from '../types.ts'
import type { World } from '../world.ts'
import { challenge, follow } from './callback.ts'

const MODELS = /^(MiniMax-Hailuo-(2\.3(-Fast)?|02)|[TI]2V-01(-Director|-live)?|S2V-01|scenario:.*)$/

const SIZES: Record<string, [number, number]> = {
  '512P': [912, 512],
  '720P': [1280, 720],
  '768P': [1366, 768],
  '1080P': [1920, 1080],
}

/** Options of a task that follow from the scenario of the call that makes it. */
export function taskOptions(call: Call): Partial<Task> & { large?: boolean } {
  return {
    large: call.steps.bigIds ?? false,
    delayMs: call.world.options.taskDelayMs ?? 300,
    failure: call.steps.taskFails ?? 0,
    stuck: call.steps.taskStuck ?? false,
  }
}

/** Makes a task and, when callbacks are on, asks the callback URL first and tells it the end later. */
export async function makeTask(
  call: Call,
  kind: TaskKind,
  rest: Partial<Task>,
  view: (task: Task) => Fields,
): Promise<Task> {
  const url = text(call.body.callback_url)
  const calls = url !== '' && (call.steps.callbacks ?? call.world.options.callbacks ?? false)
  if (calls && !(await challenge(url))) throw invalid('callback_url did not answer the challenge')
  const task = call.world.tasks.add(kind, call.body, { ...taskOptions(call), ...rest })
  if (calls) follow(call.world, task, url, () => view(task))
  return task
}

/** POST /v1/video_generation (platform docs: Video generation, text, image, first and last frame, subject). */
export async function videoCreate(call: Call): Promise<Answer> {
  const { body, world } = call
  const model = text(body.model)
  if (!MODELS.test(model)) throw invalid(model === '' ? 'model is required' : `unknown model '${model}'`)
  const image = text(body.first_frame_image) !== ''
  const subject = list(body.subject_reference).length > 0
  if (text(body.prompt) === '' && !image && !subject) throw invalid('prompt is required')
  if (text(body.prompt).length > 2000) throw invalid('prompt is too long')
  if (!image && (model.endsWith('Fast') || model.startsWith('I2V')))
    throw invalid('first_frame_image is required')
  const duration = number(body.duration, 6)
  if (duration !== 6 && duration !== 10) throw invalid('duration')
  if (duration === 10 && text(body.resolution) === '1080P')
    throw invalid('resolution does not support duration 10')
  const task = await makeTask(call, 'video', {}, (made) => view(made, world, true))
  return billed(json({ task_id: task.id, base_resp: SUCCESS }), { videos: 1 }, { task })
}

/** The state of a v1 task as the query prints it; callbacks use other words for the same states. */
function view(task: Task, world: World, callback = false): Fields {
  const done = progress(task)
  if (done < 1) {
    const name = done < 0.1 ? 'Preparing' : done < 0.4 ? 'Queueing' : 'Processing'
    return { task_id: task.id, status: callback ? 'processing' : name, base_resp: SUCCESS }
  }
  if (task.failure !== 0) {
    const none = { file_id: '', video_width: 0, video_height: 0 }
    return {
      task_id: task.id,
      status: callback ? 'failed' : 'Fail',
      ...none,
      base_resp: failed(task.failure),
    }
  }
  const [video_width, video_height] = SIZES[text(task.request.resolution, '768P')] ?? [1366, 768]
  if (task.fileId === '') {
    task.fileId = world.ids.next(task.id.length > 16)
    const film = mp4(number(task.request.duration, 6))
    world.library.make(task.fileId, 'output_aigc.mp4', 'video_generation', 'video/mp4', film)
  }
  const found = { file_id: task.fileId, video_width, video_height }
  return { task_id: task.id, status: callback ? 'success' : 'Success', ...found, base_resp: SUCCESS }
}

/** GET /v1/query/video_generation?task_id=: file_id is a string here (platform docs: Video generation query). */
export function videoQuery(call: Call): Answer {
  const task = call.world.tasks.find(call.query.get('task_id') ?? '', 'video')
  if (!task) throw invalid('task_id does not exist')
  return json(view(task, call.world))
}

/** POST /v1/video_template_generation (platform docs: Video agent). */
export async function templateCreate(call: Call): Promise<Answer> {
  const { body, world } = call
  if (text(body.template_id) === '') throw invalid('template_id is required')
  if (list(body.text_inputs).length + list(body.media_inputs).length === 0)
    throw invalid('inputs are required')
  const task = await makeTask(call, 'template', {}, (made) => templateView(made, world))
  return billed(json({ task_id: task.id, base_resp: SUCCESS }), { videos: 1 }, { task })
}

function templateView(task: Task, world: World): Fields {
  const done = progress(task)
  if (done < 1)
    return {
      task_id: task.id,
      status: done < 0.3 ? 'Preparing' : 'Processing',
      video_url: '',
      base_resp: SUCCESS,
    }
  if (task.failure !== 0)
    return { task_id: task.id, status: 'Fail', video_url: '', base_resp: failed(task.failure) }
  if (task.url === '') task.url = world.publish('template.mp4', 'video/mp4', mp4(5))
  return { task_id: task.id, status: 'Success', video_url: task.url, base_resp: SUCCESS }
}

/** GET /v1/query/video_template_generation?task_id=. */
export function templateQuery(call: Call): Answer {
  const task = call.world.tasks.find(call.query.get('task_id') ?? '', 'template')
  if (!task) throw invalid('task_id does not exist')
  return json(templateView(task, call.world))
}
