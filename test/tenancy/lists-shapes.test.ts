import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OwnedObject } from '../../src/store/store.ts'
import { elementsOf, fieldsOf, rawOf, stringOf, without } from '../../src/tenancy/lists-json.ts'
import {
  detailOf,
  fileDetailOf,
  filesList,
  taskDetailOf,
  tasksList,
  usedVoiceDetailOf,
  voicesList,
} from '../../src/tenancy/lists.ts'
import { SystemVoices } from '../../src/tenancy/system-voices.ts'
import { ask, AUTH, emulated, form, post, speech, upload } from '../emulator/kit.ts'
import { AT, owned, parsed } from './lists-kit.ts'

const folder = process.env.MINIMAX_FIXTURES ?? join(import.meta.dirname, '../../../shared/fixtures/minimax')
const there = existsSync(folder)
// eslint-disable-next-line no-console -- the comparison must not vanish in silence
if (!there) console.warn(`NO COMPARISON with recorded bodies: ${folder} does not exist (MINIMAX_FIXTURES)`)

const emulator = emulated({ taskDelayMs: 60_000 })
const NO_BYTES = Buffer.alloc(0)

/** The elements of a list in a document of MiniMax's, each as it is written. */
function listed(document: string, name: string): readonly string[] {
  return elementsOf(rawOf(document.trim(), name)) ?? []
}

/** As a list of ours tells it again, from what was kept of each element. */
const filesAgain = (document: string): Buffer =>
  filesList(
    listed(document, 'files').map((file, at) => {
      const detail = fileDetailOf(Buffer.from(`{"file":${file},"base_resp":{}}`))
      return owned('file', rawOf(file, 'file_id') ?? '', { detail, createdAt: AT + at })
    }),
    stringOf(rawOf(listed(document, 'files')[0] ?? '{}', 'purpose')),
  )

const tasksAgain = (document: string): Buffer =>
  tasksList(
    listed(document, 'items').map((task, at) => {
      const answer = `{"task":${task.slice(0, -1)},"modality":"video"}}`
      const detail = taskDetailOf(Buffer.from(answer))
      return owned('video_v2_task', stringOf(rawOf(task, 'id')) ?? '', { detail, createdAt: AT - at })
    }),
    new URLSearchParams(),
  )

async function voicesAgain(document: string): Promise<Buffer> {
  const fetch = async (): Promise<Buffer> => Buffer.from(document)
  const system = new SystemVoices({ fetch, clock: { monotonic: () => 0 }, log: { warn: () => undefined } })
  await system.start()
  system.close()
  const own = (sort: string, operation: string): OwnedObject[] =>
    listed(document, sort).map((voice) => {
      const [prompt] = elementsOf(rawOf(voice, 'description')) ?? []
      const request = Buffer.from(prompt === undefined ? '{}' : `{"prompt":${prompt}}`)
      return owned('voice', `upstream-${stringOf(rawOf(voice, 'voice_id'))}`, {
        name: stringOf(rawOf(voice, 'voice_id')) ?? '',
        operation,
        detail: usedVoiceDetailOf(detailOf(operation, request, NO_BYTES, AT)),
        createdAt: Date.parse(stringOf(rawOf(voice, 'created_time')) ?? ''),
      })
    })
  const objects = [...own('voice_cloning', 'voice.clone'), ...own('voice_generation', 'voice.design')]
  return voicesList(system.entries(), objects, [], 'all')
}

const namesOf = (object: string): string[] => fieldsOf(object).map(({ name }) => name)

/** The URL of a video is another one each time that it is asked for. */
const withoutUrls = (document: string): string => document.replaceAll(/"url":"[^"]*"/g, '"url":""')

/** Same fields, same values, same order. */
function expectSame(ours: Buffer, theirs: string): void {
  expect(JSON.stringify(parsed(ours), null, 1)).toBe(JSON.stringify(JSON.parse(theirs), null, 1))
}

describe.runIf(there)('lists of ours are those that MiniMax documents', () => {
  const fixture = (name: string): string => readFileSync(join(folder, name), 'utf8')

  it('of files', () =>
    expectSame(filesAgain(fixture('files/list.docs.json')), fixture('files/list.docs.json')))

  it('of voices', async () => {
    const theirs = fixture('voice/get_voice.docs.json')
    expectSame(await voicesAgain(theirs), theirs)
  })

  it('of tasks', () => {
    const theirs = fixture('video/v2.list.docs.json').replace('"total": 476', '"total": 4')
    expectSame(tasksAgain(theirs), theirs)
  })

  it.each(['upload', 'retrieve'])('of a file after files.%s', (verb) => {
    const detail = detailOf(`files.${verb}`, undefined, Buffer.from(fixture(`files/${verb}.docs.json`)), AT)
    expect(namesOf(detail)).toEqual(namesOf(listed(fixture('files/list.docs.json'), 'files')[0] ?? '{}'))
  })

  it.each(['succeeded', 'failed', 'regeneration', 'context_ir'])('of a task after a query: %s', (name) => {
    const answer = fixture(`video/v2.query.${name}.docs.json`)
    const objects = [owned('video_v2_task', '1', { detail: taskDetailOf(Buffer.from(answer)) })]
    const task = without(rawOf(answer.trim(), 'task') ?? '{}', 'modality')
    expectSame(tasksList(objects, new URLSearchParams()), `{"items":[${task}],"total":1}`)
  })

  it('of a task that waits', () => {
    const tasks = listed(fixture('video/v2.list.docs.json'), 'items')
    const theirs = tasks.find((task) => stringOf(rawOf(task, 'status')) === 'queued') ?? '{}'
    const made = rawOf(theirs, 'created_at') ?? ''
    const request = Buffer.from('{"model":"MiniMax-H3","resolution":"2K","duration":8,"ratio":"9:16"}')
    const detail = detailOf('video.v2.create', request, NO_BYTES, Number(made) * 1000)
    const object = owned('video_v2_task', stringOf(rawOf(theirs, 'id')) ?? '', { detail })
    const untouched = theirs.replace(/"updated_at": \d+/, `"updated_at": ${made}`)
    expectSame(tasksList([object], new URLSearchParams()), `{"items":[${untouched}],"total":1}`)
  })
})

describe('lists of ours are those of a MiniMax that has one user', () => {
  const read = async (path: string): Promise<string> =>
    (await fetch(emulator().url + path, { headers: AUTH })).text()
  const send = async (path: string, body: object): Promise<{ request: Buffer; answer: Buffer }> => {
    const answer = await post(emulator().url + path, body)
    return { request: Buffer.from(JSON.stringify(body)), answer: Buffer.from(await answer.arrayBuffer()) }
  }
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  it('of files', async () => {
    const objects: OwnedObject[] = []
    for (const [at, purpose] of ['voice_clone', 'prompt_audio', 'voice_clone'].entries()) {
      const body = form({ purpose }, { name: `a "${at}".mp3`, bytes: new Uint8Array(100 + at) })
      const headers = { ...AUTH, ...(at === 0 ? { 'x-emulator-scenario': 'big-ids' } : {}) }
      const response = await fetch(`${emulator().url}/v1/files/upload`, { method: 'POST', headers, body })
      const detail = detailOf(
        'files.upload',
        undefined,
        Buffer.from(await response.arrayBuffer()),
        Date.now(),
      )
      objects.unshift(owned('file', rawOf(detail, 'file_id') ?? '', { detail, createdAt: AT + at }))
    }
    for (const purpose of ['voice_clone', 'prompt_audio', 'retrieval']) {
      const theirs = await read(`/v1/files/list?purpose=${purpose}`)
      expect(filesList(objects, purpose).toString()).toBe(theirs)
    }
  })

  it('of voices', async () => {
    const file_id = await upload(emulator().url, 'voice_clone', new Uint8Array(10))
    const make = async (
      name: string,
      operation: string,
      path: string,
      body: object,
    ): Promise<OwnedObject> => {
      const { request, answer } = await send(path, { ...body, voice_id: name })
      return owned('voice', name, {
        operation,
        detail: detailOf(operation, request, answer, Date.now()),
        createdAt: Date.now(),
      })
    }
    const used = await make('narrator', 'voice.clone', '/v1/voice_clone', { file_id })
    const unused = await make('narrator2', 'voice.clone', '/v1/voice_clone', { file_id })
    const design = { prompt: 'calm "and" deep', preview_text: 'Good morning' }
    const designed = await make('designed', 'voice.design', '/v1/voice_design', design)
    await ask(`${emulator().url}/v1/t2a_v2`, speech({ voice_setting: { voice_id: 'narrator' } }))

    const system = listed(await voicesOf('system'), 'system_voice')
    const objects = [designed, unused, { ...used, detail: usedVoiceDetailOf(used.detail) }]
    for (const type of ['system', 'voice_cloning', 'voice_generation', 'all'])
      expect(voicesList(system, objects, [], type).toString()).toBe(await voicesOf(type))
  })

  it('of tasks, with their pages and filters', async () => {
    const wish = { duration: 8, ratio: '9:16', content: [{ type: 'text', text: 'cat' }] }
    const objects: OwnedObject[] = []
    for (let at = 0; at < 12; at++) {
      const model = at % 3 === 0 ? 'MiniMax-H3-Max' : 'MiniMax-H3'
      const body = { model, resolution: at % 2 === 0 ? '2K' : '768P', ...wish }
      const { request, answer } = await send('/v2/video_generation', body)
      const id = stringOf(rawOf(answer.toString(), 'task_id')) ?? ''
      const detail = detailOf('video.v2.create', request, answer, Date.now())
      objects.unshift(owned('video_v2_task', id, { detail, createdAt: AT + at }))
    }
    const some = objects.filter((_, at) => at % 5 === 0).map(({ id }) => id)
    const queries = ['', 'page_num=2', 'page_size=5&page_num=3', 'page_num=9', 'filter.model=MiniMax-H3-Max']
    queries.push('filter.status=queued&page_size=3', 'filter.status=succeeded', 'filter.task_type=generation')
    queries.push(
      `filter.task_ids=${some.join(',')}`,
      `filter.task_ids=${some.join(',')}&page_size=2&page_num=2`,
    )
    const compare = async (list: readonly OwnedObject[]): Promise<void> => {
      for (const query of queries) {
        const ours = tasksList(list, new URLSearchParams(query)).toString()
        expect(withoutUrls(ours)).toBe(withoutUrls(await read(`/v2/query/video_generation?${query}`)))
      }
    }
    await compare(objects)
    vi.setSystemTime(Date.now() + 120_000)
    const seen = objects.map(async (object) => {
      const answer = await read(`/v2/query/video_generation/${object.id}`)
      return { ...object, detail: taskDetailOf(Buffer.from(answer)) }
    })
    await compare(await Promise.all(seen))
  })

  async function voicesOf(voice_type: string): Promise<string> {
    return (await send('/v1/get_voice', { voice_type })).answer.toString()
  }
})
