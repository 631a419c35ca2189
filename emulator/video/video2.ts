import { tokensOf } from '../chat/reply.ts'
import { billed, type Usage } from '../answer.ts'
import { invalid, MESSAGES, Refusal } from '../errors.ts'
import { fields, json, list, number, text } from '../json.ts'
import { mp4 } from '../media/mp4.ts'
import { progress, type Task } from '../tasks.ts'
import type { Answer, Call, Fields } from '../types.ts'
import type { World } from '../world.ts'
import { makeTask } from './video.ts'

const MODELS = /^(MiniMax-H3(-Max)?|scenario:.*)$/
const WEEK = 7 * 24 * 3600 * 1000

function needModel(body: Fields): void {
  const model = text(body.model)
  if (!MODELS.test(model)) throw invalid(model === '' ? 'model is required' : `unknown model '${model}'`)
}

function needPrompt(body: Fields): void {
  const said = list(body.content).some(
    (part) => fields(part).type === 'text' && text(fields(part).text) !== '',
  )
  if (!said) throw invalid('content must include a non-empty text item (prompt is required)')
}

/** Input of a v2 task as usage counts it: 5 seconds per reference video, one per image. */
function inputs(body: Fields): { seconds: number; images: number } {
  const types = list(body.content).map((part) => text(fields(part).type))
  return {
    seconds: types.filter((type) => type === 'video_url').length * 5,
    images: types.filter((type) => type === 'image_url').length,
  }
}

/** POST /v2/video_generation: `{task_id}` and no base_resp (platform docs: Video generation v2). */
export async function video2Create(call: Call): Promise<Answer> {
  needModel(call.body)
  needPrompt(call.body)
  const duration = number(call.body.duration, 5)
  if (duration < 4 || duration > 15) throw invalid('duration must be between 4 and 15')
  const made = await makeTask(call, 'video2', { taskType: 'generation' }, (task) => ({
    task: view(task, call.world),
  }))
  return billed(json({ task_id: made.id }), bill(made), { task: made })
}

/** POST /v2/video_regeneration: from a task of the account, or from a video. */
export async function video2Regenerate(call: Call): Promise<Answer> {
  const source = text(call.body.source_task_id)
  if (source === '') needPrompt(call.body)
  else if (!call.world.tasks.find(source, 'video2')) throw invalid('invalid source_task_id')
  const made = await makeTask(call, 'video2', { taskType: 'regeneration' }, (task) => ({
    task: view(task, call.world),
  }))
  return billed(json({ task_id: made.id }), bill(made), { task: made })
}

/** POST /v2/h3_context_ir: a prompt written from references; its usage is tokens. */
export async function video2Context(call: Call): Promise<Answer> {
  needPrompt(call.body)
  const made = await makeTask(call, 'video2', { taskType: 'h3_context_ir' }, (task) => ({
    task: view(task, call.world),
  }))
  return billed(json({ task_id: made.id }), bill(made), { task: made })
}

/** What a task bills once it has succeeded. */
function bill({ taskType, request }: Task): Usage {
  if (taskType === 'h3_context_ir') return { input_tokens: tokensOf(request.content), output_tokens: 42 }
  const { seconds, images } = inputs(request)
  return { video_seconds: number(request.duration, 5), input_video_seconds: seconds, input_images: images }
}

function status(task: Task): string {
  if (task.cancelledAt > 0) return 'cancelled'
  const done = progress(task)
  if (done >= 1) return task.failure === 0 ? 'succeeded' : 'failed'
  return done < 0.5 ? 'queued' : 'running'
}

/**
 * A v2 task as query and list print it. Usage rule: output_seconds = duration, input as counted above, total = both;
 * context tasks: prompt = tokensOf(content), completion = 42. All zero unless it succeeded.
 */
function view(task: Task, world: World): Fields {
  const { request } = task
  const state = status(task)
  const ended = state === 'succeeded'
  const context = task.taskType === 'h3_context_ir'
  const duration = number(request.duration, 5)
  const given = inputs(request)
  const usage = context
    ? tokenUsage(ended ? tokensOf(request.content) : 0, ended ? 42 : 0)
    : {
        total_seconds: ended ? duration + given.seconds : 0,
        input_seconds: ended ? given.seconds : 0,
        output_seconds: ended ? duration : 0,
        input_image_count: ended ? given.images : 0,
      }
  const content = context
    ? { prompt: '[Shot 1] A calm street in the morning.' }
    : { url: ended ? world.publish('output.mp4', 'video/mp4', mp4(duration)) : '' }
  const code = task.failure.toString()
  return {
    id: task.id,
    model: text(request.model, 'MiniMax-H3'),
    status: state,
    ...(state === 'failed' ? { error: { code, message: MESSAGES[task.failure] ?? 'task failed' } } : {}),
    created_at: Math.floor(task.createdAt / 1000),
    updated_at: Math.floor(Math.min(Date.now(), task.createdAt + task.delayMs) / 1000),
    ...(ended ? { content } : {}),
    ...(context ? {} : { resolution: text(request.resolution, '768P') }),
    duration,
    usage,
    ratio: text(request.ratio, task.taskType === 'regeneration' ? '' : '16:9'),
    task_type: task.taskType,
    modality: context ? 'text' : 'video',
  }
}

function tokenUsage(prompt: number, completion: number): Fields {
  return { total_tokens: prompt + completion, prompt_tokens: prompt, completion_tokens: completion }
}

function find(call: Call): Task {
  const task = call.world.tasks.find(call.id, 'video2')
  if (!task || Date.now() - task.createdAt > WEEK) throw invalid('invalid task_id')
  return task
}

/** GET /v2/query/video_generation/{task_id}: the URL is issued anew by every query. */
export function video2Query(call: Call): Answer {
  return json({ task: view(find(call), call.world) })
}

/** GET /v2/query/video_generation: every task of the account, newest first, with its filters. */
export function video2List(call: Call): Answer {
  const { query, world } = call
  const size = Math.min(100, Number(query.get('page_size') ?? '10') || 10)
  const page = Math.max(1, Number(query.get('page_num') ?? '1') || 1)
  const ids = query.getAll('filter.task_ids').flatMap((value) => value.split(','))
  const items = [...world.tasks.all.values()]
    .filter((task) => task.kind === 'video2' && (ids.length === 0 || ids.includes(task.id)))
    .toReversed()
    .map((task) => view(task, world))
    .filter((item) =>
      ['status', 'model', 'task_type'].every((key) => {
        const wish = query.get(`filter.${key}`)
        return wish === null || item[key] === wish
      }),
    )
    .map(({ modality: _modality, ...item }) => item)
  return json({ items: items.slice((page - 1) * size, page * size), total: items.length })
}

/** DELETE /v2/video_generation/{task_id}: cancels a queued task, deletes an ended one, refuses otherwise. */
export function video2Delete(call: Call): Answer {
  const task = find(call)
  const state = status(task)
  if (state === 'queued') {
    task.cancelledAt = Date.now()
    return json({ task_id: task.id, action: 'cancelled', status: 'cancelled' })
  }
  if (state === 'running' || state === 'cancelled') throw new Refusal(2013, `task is ${state}`, 400)
  call.world.tasks.all.delete(task.id)
  return json({ task_id: task.id, action: 'deleted', status: state })
}
