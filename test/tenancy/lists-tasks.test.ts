import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OwnedObject } from '../../src/store/store.ts'
import { detailOf, taskDetailOf, tasksList } from '../../src/tenancy/lists.ts'
import { AT, owned, parsed } from './lists-kit.ts'

const SECONDS = Math.floor(AT / 1000)
const STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const

function task(id: string, status: string, rest: object = {}): OwnedObject {
  const body = { id, model: 'MiniMax-H3', status, task_type: 'generation', modality: 'video', ...rest }
  const answer = Buffer.from(JSON.stringify({ task: body }))
  return owned('video_v2_task', id, { detail: taskDetailOf(answer), createdAt: AT + Number(id) })
}

interface Listed {
  readonly items: readonly { readonly id: string }[]
  readonly total: number
}

function isListed(value: unknown): value is Listed {
  return typeof value === 'object' && value !== null && 'items' in value && 'total' in value
}

function ids(objects: readonly OwnedObject[], query: string): { ids: string[]; total: number } {
  const value = parsed(tasksList(objects, new URLSearchParams(query)))
  if (!isListed(value)) throw new Error('not a list of tasks')
  return { ids: value.items.map(({ id }) => id), total: value.total }
}

const many = Array.from({ length: 25 }, (_, at) => task((at + 1).toString(), STATES[at % 5] ?? ''))
const down = (from: number, to: number): string[] =>
  Array.from({ length: from - to + 1 }, (_, at) => (from - at).toString())

describe('the list of tasks', () => {
  it.each([
    ['', down(25, 16), 25],
    ['page_num=2', down(15, 6), 25],
    ['page_num=3', down(5, 1), 25],
    ['page_num=4', [], 25],
    ['page_num=999999999&page_size=100', [], 25],
    ['page_size=1', ['25'], 25],
    ['page_size=100', down(25, 1), 25],
    ['page_size=7&page_num=4', down(4, 1), 25],
    ['filter.status=succeeded', ['23', '18', '13', '8', '3'], 5],
    ['filter.status=succeeded&page_size=2&page_num=3', ['3'], 5],
    ['filter.status=nothing', [], 0],
    ['filter.task_ids=3,24,777', ['24', '3'], 2],
    ['filter.task_ids=3,24&filter.status=succeeded', ['3'], 1],
    ['filter.model=MiniMax-H3', down(25, 16), 25],
    ['filter.model=MiniMax-H3-Max', [], 0],
    ['filter.task_type=regeneration', [], 0],
    ['unknown=1&GroupId=7', down(25, 16), 25],
  ])('of 25 tasks gives for "%s" its page, newest first, and how many match', (query, expected, total) => {
    expect(ids(many, query)).toEqual({ ids: expected, total })
  })

  it.each([
    'page_num=0',
    'page_num=',
    'page_num=-1',
    'page_num=1.5',
    'page_num=1e3',
    'page_num=9999999999',
    'page_num=one',
    'page_num=1&page_num=2',
    'page_size=0',
    'page_size=101',
    'page_size=ten',
    'filter.status=a b',
    'filter.status=',
    'filter.task_ids=1;2',
    'filter.task_ids=1&filter.task_ids=2',
    'filter.model=%22',
  ])('refuses %s', (query) => {
    expect(() => tasksList(many, new URLSearchParams(query))).toThrow(
      expect.objectContaining({ code: 'invalid_query', path: query.split('=')[0] }),
    )
  })

  it('shows every task on exactly one page', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...STATES), { maxLength: 60 }),
        fc.integer({ min: 1, max: 100 }),
        fc.option(fc.constantFrom(...STATES)),
        (states, size, state) => {
          const objects = states.map((status, at) => task((at + 1).toString(), status))
          const filter = state === null ? '' : `&filter.status=${state}`
          const wanted = objects.filter((_, at) => state === null || states[at] === state).map(({ id }) => id)
          const pages = Array.from({ length: Math.ceil(states.length / size) + 1 }, (_, at) =>
            ids(objects, `page_num=${at + 1}&page_size=${size}${filter}`),
          )
          expect(pages.flatMap((page) => page.ids)).toEqual(wanted.toReversed())
          for (const { total } of pages) expect(total).toBe(wanted.length)
        },
      ),
    )
  })

  it('is empty in the shape of MiniMax', () => {
    expect(tasksList([], new URLSearchParams()).toString()).toBe('{"items":[],"total":0}')
  })
})

describe('a task that somebody has asked about', () => {
  it('is shown as MiniMax wrote it, without its modality', () => {
    const written =
      '{"task":{"id":"424","status" :"succeeded","modality":"video","usage":{"total_seconds": 12345678901234567890}}}'
    const objects = [owned('video_v2_task', '424', { detail: taskDetailOf(Buffer.from(written)) })]
    expect(tasksList(objects, new URLSearchParams()).toString()).toBe(
      '{"items":[{"id":"424","status":"succeeded","usage":{"total_seconds": 12345678901234567890}}],"total":1}',
    )
  })

  it.each(['', 'null', '{"task":null}', '{"type":"error","error":{}}', '{"task":{"id":"1"}'])(
    'is kept only if the answer tells of it: %s',
    (answer) => {
      expect(taskDetailOf(Buffer.from(answer))).toBe('')
    },
  )
})

describe('a task that nobody has asked about', () => {
  const answer = Buffer.from('{"task_id":"424010985738629123"}')
  const shown = (operation: string, body: string): unknown => {
    const detail = detailOf(operation, Buffer.from(body), answer, AT)
    const objects = [owned('video_v2_task', '424010985738629123', { operation, detail })]
    return parsed(tasksList(objects, new URLSearchParams('filter.status=queued')))
  }
  const times = { created_at: SECONDS, updated_at: SECONDS }
  const seconds = { total_seconds: 0, input_seconds: 0, output_seconds: 0, input_image_count: 0 }

  it('is queued, as its request wished it', () => {
    const body =
      '{"model":"MiniMax-H3","content":[],"resolution":"2K","duration":8,"ratio":"9:16","callback_url":"https://a.example"}'
    expect(shown('video.v2.create', body)).toEqual({
      items: [
        {
          id: '424010985738629123',
          model: 'MiniMax-H3',
          status: 'queued',
          ...times,
          resolution: '2K',
          duration: 8,
          usage: seconds,
          ratio: '9:16',
          task_type: 'generation',
        },
      ],
      total: 1,
    })
  })

  it('says nothing of what its request did not choose, or chose wrongly', () => {
    const body = '{"model":7,"resolution":null,"duration":"8","ratio":[]}'
    expect(shown('video.v2.regenerate', body)).toEqual({
      items: [
        { id: '424010985738629123', status: 'queued', ...times, usage: seconds, task_type: 'regeneration' },
      ],
      total: 1,
    })
  })

  it('counts tokens when it is about a prompt', () => {
    const usage = { total_tokens: 0, prompt_tokens: 0, completion_tokens: 0 }
    expect(shown('video.v2.context_ir', '{}')).toMatchObject({
      items: [{ usage, task_type: 'h3_context_ir' }],
    })
  })

  it('is listed also when nothing of it was kept', () => {
    const objects = [owned('video_v2_task', '424')]
    expect(parsed(tasksList(objects, new URLSearchParams()))).toEqual({
      items: [{ id: '424', status: 'queued', ...times }],
      total: 1,
    })
  })
})

describe('objects of other kinds', () => {
  it.each(['speech.async.create', 'video.create', 'video.query', 'music.cover_preprocess', 'chat.native'])(
    'have nothing that a list shows: %s',
    (operation) => {
      expect(detailOf(operation, undefined, Buffer.from('{"task_id":"1"}'), AT)).toBe('')
    },
  )
})
