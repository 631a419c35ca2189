import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OPERATIONS, operationOf } from '../../src/minimax/catalog.ts'
import { METERS } from '../../src/minimax/meters.ts'
import {
  isTaskQuery,
  taskIdOf,
  taskQueryOf,
  TASKS,
  taskStateOf,
  tellsOf,
  type TaskSight,
} from '../../src/minimax/tasks.ts'
import { ANSWERS } from './task-bodies.ts'

const folder = process.env.MINIMAX_FIXTURES ?? join(import.meta.dirname, '../../../shared/fixtures/minimax')
const there = existsSync(folder)
// eslint-disable-next-line no-console -- the comparison must not vanish in silence
if (!there) console.warn(`NO COMPARISON with recorded bodies: ${folder} does not exist (MINIMAX_FIXTURES)`)

const CREATIONS = Object.keys(TASKS)
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const sight = (operation: string, value: unknown): TaskSight => taskStateOf(operation, json(value)).state
const OK = { status_code: 0, status_msg: 'success' }

describe('the operations that make tasks', () => {
  it('are those that are billed by a task', () => {
    const billed = OPERATIONS.filter(({ name }) => METERS[name]?.billing === 'task').map(({ name }) => name)
    expect(billed.sort()).toEqual([...CREATIONS].sort())
  })

  it.each(CREATIONS)('%s has a question of the catalog that tells the state', (operation) => {
    const query = taskQueryOf(operation, '424010985738629')
    expect(isTaskQuery(query?.operation ?? '')).toBe(true)
    const [path = '', parameters] = (query?.path ?? '').split('?')
    const match = operationOf(query?.method ?? '', path)
    expect(match?.operation.name).toBe(query?.operation)
    expect(parameters === undefined ? match?.parameter : parameters.replace('task_id=', '')).toBe(
      '424010985738629',
    )
    expect(tellsOf(query?.operation ?? '', operation)).toBe(true)
  })

  it('are asked about at these addresses', () => {
    expect(taskQueryOf('video.create', '1')?.path).toBe('/v1/query/video_generation?task_id=1')
    expect(taskQueryOf('video.template.create', '1')?.path).toBe(
      '/v1/query/video_template_generation?task_id=1',
    )
    expect(taskQueryOf('video.v2.regenerate', '1')?.path).toBe('/v2/query/video_generation/1')
    expect(taskQueryOf('speech.async.create', '1')?.path).toBe('/v1/query/t2a_async_query_v2?task_id=1')
    expect(taskQueryOf('chat.native', '1')).toBeUndefined()
  })
})

describe('the id of a task', () => {
  it('keeps every digit, as a number and as a text', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
        fc.constantFrom(...CREATIONS),
        (id, operation) => {
          for (const written of [`${id}`, `"${id}"`]) {
            const body = Buffer.from(
              `{"x":{"task_id":7},"task_id" : ${written} ,"base_resp":{"status_code":0}}`,
            )
            expect(taskIdOf(operation, body)).toBe(`${id}`)
          }
        },
      ),
    )
  })

  it.each([
    ['no JSON', 'task_id: 1'],
    ['a document that was cut', '{"task_id":"12'],
    ['something after the document', '{"task_id":"12"}{}'],
    ['an array', '["12"]'],
    ['no id', '{"base_resp":{"status_code":0}}'],
    ['an empty id', '{"task_id":"","base_resp":{"status_code":0}}'],
    ['a zero', '{"task_id":0}'],
    ['a zero as text', '{"task_id":"0"}'],
    ['null', '{"task_id":null}'],
    ['a boolean', '{"task_id":true}'],
    ['a fraction', '{"task_id":1.5}'],
    ['a negative number', '{"task_id":-15}'],
    ['an exponent', '{"task_id":4e17}'],
    ['an object', '{"task_id":{"id":"12"}}'],
    ['what no path may hold', '{"task_id":"12/../../v1/files"}'],
    ['a failure beside it', '{"task_id":"12","base_resp":{"status_code":1008}}'],
    ['an error beside it', '{"task_id":"12","error":{"type":"server_error"}}'],
  ])('is not found in %s', (_what, body) => {
    expect(taskIdOf('video.create', Buffer.from(body))).toBeUndefined()
  })

  it('is read through escapes, and the last of two counts', () => {
    expect(taskIdOf('video.create', Buffer.from('{"task_id":"\\u0031\\u0032"}'))).toBe('12')
    expect(taskIdOf('video.create', Buffer.from('{"task_id":"1","task_id":"2"}'))).toBe('2')
  })

  it('is not looked for where no task is made', () => {
    expect(taskIdOf('image.create', json({ task_id: '1' }))).toBeUndefined()
  })
})

describe('the state of a task', () => {
  const FLAT = ['video.query', 'video.template.query', 'speech.async.query']

  it.each<[string, TaskSight]>([
    ['Preparing', 'running'],
    ['Queueing', 'running'],
    ['Processing', 'running'],
    ['processing', 'running'],
    ['Success', 'succeeded'],
    ['success', 'succeeded'],
    ['Fail', 'failed'],
    ['Failed', 'failed'],
    ['failed', 'failed'],
    ['Expired', 'expired'],
    ['Dancing', 'none'],
  ])('of the first APIs is read from %s', (status, expected) => {
    for (const operation of FLAT)
      expect(sight(operation, { task_id: '1', status, base_resp: OK })).toBe(expected)
  })

  it.each<[string, TaskSight]>([
    ['queued', 'running'],
    ['running', 'running'],
    ['succeeded', 'succeeded'],
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
    ['expired', 'expired'],
  ])('of the second video API is read from %s', (status, expected) => {
    expect(sight('video.v2.query', { task: { id: '1', status } })).toBe(expected)
    expect(sight('video.query', { task: { id: '1', status } })).toBe('none')
  })

  it.each([1000, 1001, 1002, 1004, 1008, 1013, 1033, 1039, 1041, 2045, 2049, 2056, 4711])(
    'is not told by code %d of the question',
    (code) => {
      for (const operation of FLAT) {
        expect(sight(operation, { base_resp: { status_code: code, status_msg: '' } })).toBe('none')
        expect(sight(operation, { task_id: '', status: '', base_resp: { status_code: code } })).toBe('none')
        expect(sight(operation, { status: 'Success', base_resp: { status_code: code } })).toBe('none')
        expect(sight(operation, { status: 'Processing', base_resp: { status_code: code } })).toBe('none')
      }
      const message = `something (${code})`
      expect(sight('video.v2.query', { type: 'error', error: { type: 'server_error', message } })).toBe(
        'none',
      )
    },
  )

  it('is a failure with the reason that stands where failures of the question stand', () => {
    for (const operation of FLAT) {
      const report = taskStateOf(
        operation,
        json({ task_id: '1', status: 'Fail', base_resp: { status_code: 1027 } }),
      )
      expect(report).toMatchObject({ state: 'failed', failure: { code: 1027, outcome: 'provider_rejected' } })
      expect(sight(operation, { base_resp: { status_code: 1026 } })).toBe('failed')
    }
  })

  it('is unknown when its id is refused', () => {
    for (const operation of FLAT) {
      expect(sight(operation, { base_resp: { status_code: 2013, status_msg: 'invalid params' } })).toBe(
        'unknown',
      )
    }
    const error = { type: 'bad_request_error', message: 'invalid task_id (2013)', http_code: '400' }
    expect(sight('video.v2.query', { type: 'error', error })).toBe('unknown')
    expect(sight('video.v2.query', { type: 'error', error: { type: 'not_found_error', message: '' } })).toBe(
      'unknown',
    )
  })

  it('is told by the answer that cancels or deletes it', () => {
    const answer = (action: string, status: string) =>
      sight('video.v2.delete', { task_id: '1', action, status })
    expect(answer('cancelled', 'cancelled')).toBe('cancelled')
    expect(answer('deleted', 'succeeded')).toBe('succeeded')
    expect(answer('deleted', 'failed')).toBe('failed')
    expect(answer('deleted', 'deleted')).toBe('none')
    expect(tellsOf('video.v2.delete', 'video.v2.create')).toBe(true)
    expect(tellsOf('video.v2.delete', 'video.create')).toBe(false)
  })

  it('comes with an id in its own digits', () => {
    const digits = '9223372036854770001'
    const flat = Buffer.from(`{"task_id":${digits},"status":"Success","base_resp":{"status_code":0}}`)
    expect(taskStateOf('speech.async.query', flat).taskId).toBe(digits)
    const wrapped = Buffer.from(`{"task":{"id":"${digits}","status":"succeeded"}}`)
    expect(taskStateOf('video.v2.query', wrapped).taskId).toBe(digits)
  })

  it.each([
    ['none', {}],
    ['zero', { usage: { output_seconds: 0, total_seconds: 0 } }],
    ['negative', { usage: { output_seconds: -5 } }],
    ['absurd', { usage: { output_seconds: 1e18 } }],
    ['no object', { usage: 'much' }],
  ])('is a success without a usage when that is %s', (_what, extra) => {
    const report = taskStateOf('video.v2.query', json({ task: { id: '1', status: 'succeeded', ...extra } }))
    expect(report).toMatchObject({ state: 'succeeded', usage: undefined })
  })

  it('is none for what no task answers', () => {
    expect(sight('chat.native', { task_id: '1', status: 'Success' })).toBe('none')
    expect(sight('video.v2.list', { items: [{ id: '1', status: 'succeeded' }] })).toBe('none')
    const queries = ['video.v2.query', 'video.v2.delete', ...FLAT]
    fc.assert(
      fc.property(fc.constantFrom(...queries), fc.oneof(fc.string(), fc.json()), (operation, text) => {
        expect(taskStateOf(operation, Buffer.from(text)).state).toBe('none')
      }),
    )
    const large = `{"task_id":"1","status":"Success","more":"${'x'.repeat(1024 * 1024)}"}`
    expect(taskStateOf('video.query', Buffer.from(large)).state).toBe('none')
  })

  it('is none for every beginning of an answer', () => {
    const whole = json({ task: { id: '1', status: 'succeeded', usage: { output_seconds: 5 } } })
    for (let end = 0; end < whole.length; end++) {
      expect(taskStateOf('video.v2.query', whole.subarray(0, end)).state).toBe('none')
    }
  })
})

describe.skipIf(!there)('recorded and documented answers', () => {
  const body = (file: string): Buffer => readFileSync(join(folder, file))

  it.each(ANSWERS.map(([operation, file, ...expected]) => ({ operation, file, expected })))(
    '$operation reads $file',
    ({ operation, file, expected: [id, state, usage, code] }) => {
      const report = taskStateOf(operation, body(file))
      expect([report.taskId, report.state, report.usage, report.failure?.code]).toEqual([
        id,
        state,
        usage,
        code,
      ])
    },
  )

  it.each([
    ['video.create', 'video/v1.create.docs.json', '106916112212032'],
    ['video.template.create', '_reconstructed/video.template.create.json', '401047179385389059'],
    ['video.v2.create', 'video/v2.create.json', '424010985738629'],
    ['speech.async.create', 't2a/t2a_async_v2.create.docs.json', '95157322514444'],
  ])('%s finds the id in %s', (operation, file, id) => {
    expect(taskIdOf(operation, body(file))).toBe(id)
  })

  it('name the model and the resolution that were made', () => {
    const report = taskStateOf('video.v2.query', body('video/v2.query.succeeded.docs.json'))
    expect(report).toMatchObject({ model: 'MiniMax-H3', resolution: '2K' })
  })
})
