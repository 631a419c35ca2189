import { Agent, request } from 'node:http'
import { OBJECT_KINDS, type ObjectKind } from '../../src/minimax/objects.ts'
import type { Made } from '../clients/bodies.ts'
import { at, textAt } from '../emulator/kit.ts'
import { isRecord, type TestGateway } from '../helpers/gateway.ts'

/** An answer, its request's id taken out of it: all else of it may tell something. */
export interface Answer {
  readonly status: number
  readonly text: string
  /** Status, type, length and `Retry-After`, for comparisons. */
  readonly head: string
}

/** A request as it is sent, body and path as they stand. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: string | undefined
}

/** Connections at a time. */
export const AT_ONCE = 16

/** Somebody with a token, on connections that stay open. */
export class Person {
  readonly id: string
  readonly token: string
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })

  constructor(id: string, token: string, url: string) {
    this.id = id
    this.token = token
    this.#url = url
  }

  send({ method, path, body }: Asked): Promise<Answer> {
    const headers: Record<string, string | number> = { authorization: `Bearer ${this.token}` }
    if (body !== undefined) {
      headers['content-type'] = 'application/json'
      headers['content-length'] = Buffer.byteLength(body)
    }
    const { hostname, port } = new URL(this.#url)
    return new Promise((resolve, reject) => {
      const sent = request({ agent: this.#agent, hostname, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const id = String(response.headers['x-request-id'])
          const { 'content-type': type, 'content-length': length, 'retry-after': after } = response.headers
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString().replaceAll(id, '<request>'),
            head: [response.statusCode, type, length, after].join(' '),
          })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  /** The document of an answer that must be a success. */
  async get(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const answer = await this.send({ method, path, body: text })
    if (!isSuccess(answer)) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    const document: unknown = JSON.parse(answer.text)
    return document
  }

  /** @returns the file's id */
  async upload(purpose: string): Promise<string> {
    const form = new FormData()
    form.append('purpose', purpose)
    form.append('file', new Blob([`some bytes of ${this.id}`]), `${this.id}.wav`)
    const answer = await fetch(`${this.#url}/v1/files/upload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}` },
      body: form,
    })
    return idAt(await answer.json(), 'file.file_id')
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Whether an answer says in its own dialect that all went well. */
export function isSuccess({ status, text }: Answer): boolean {
  return status < 300 && !/"status_code"\s*:\s*[1-9]/.test(text)
}

export function idAt(document: unknown, path: string): string {
  const id = at(document, path)
  if (typeof id !== 'string' && typeof id !== 'number')
    throw new Error(`no id at ${path} of ${JSON.stringify(document)}`)
  return id.toString()
}

/** Makes a user with a token of their own. */
export async function personOf(gateway: TestGateway, id: string): Promise<Person> {
  return new Person(id, (await gateway.token({}, id)).token, gateway.url)
}

/** An object of a user's. */
export interface Belonging {
  readonly kind: ObjectKind
  /** What its user calls it. */
  readonly name: string
  /** What MiniMax calls it. */
  readonly id: string
}

/** What a user has. */
export interface Belongings {
  readonly made: Made
  /** Every object of theirs, as the operator sees it. */
  readonly objects: readonly Belonging[]
  /** One of each kind that is not meant to be deleted. */
  readonly own: Readonly<Record<ObjectKind, string>>
  readonly clonedVoice: string
  readonly files: Readonly<Record<string, string>>
}

/** Purposes of files that users upload (api-reference/file-management-upload). */
export const PURPOSES = [
  'voice_clone',
  'prompt_audio',
  't2a_async_input',
  'video_understanding',
  'video_generation_input',
] as const

const text = 'Hello'
const v2 = { model: 'MiniMax-H3', content: [{ type: 'text', text: 'Waves' }] }

async function makeTasks(person: Person) {
  const speech = await person.get('POST', '/v1/t2a_async_v2', {
    model: 'speech-2.8-hd',
    text,
    voice_setting: { voice_id: 'male-qn-qingse' },
  })
  const video = await person.get('POST', '/v1/video_generation', { model: 'T2V-01', prompt: 'Waves' })
  const template = await person.get('POST', '/v1/video_template_generation', {
    template_id: '1',
    text_inputs: [{ value: 'Waves' }],
  })
  const task = async (): Promise<string> =>
    textAt(await person.get('POST', '/v2/video_generation', v2), 'task_id')
  const tasks = {
    speechTask: idAt(speech, 'task_id'),
    videoTask: textAt(video, 'task_id'),
    templateTask: textAt(template, 'task_id'),
    v2Task: await task(),
    spareV2Task: await task(),
  }
  // An answer may bring the id of a file; and what has ended by it the gateway need not ask about any more.
  for (const path of [
    `/v1/query/t2a_async_query_v2?task_id=${tasks.speechTask}`,
    `/v1/query/video_generation?task_id=${tasks.videoTask}`,
    `/v1/query/video_template_generation?task_id=${tasks.templateTask}`,
    `/v2/query/video_generation/${tasks.v2Task}`,
    `/v2/query/video_generation/${tasks.spareV2Task}`,
  ])
    await person.get('GET', path)
  return tasks
}

/** Every object that a user has, as the operator sees it. */
export async function objectsOfUser(gateway: TestGateway, user: string): Promise<Belonging[]> {
  const { items } = await gateway.admin('GET', `/admin/v1/objects?user=${user}&limit=1000`)
  if (!Array.isArray(items)) throw new Error('not a page of objects')
  return items.map((item: unknown) => {
    const kind = OBJECT_KINDS.find((one) => isRecord(item) && item.kind === one)
    if (kind === undefined) throw new Error(`not an object: ${JSON.stringify(item)}`)
    return { kind, name: textAt(item, 'name'), id: textAt(item, 'id') }
  })
}

/** Makes objects of every kind, through the gateway. */
export async function furnish(gateway: TestGateway, person: Person): Promise<Belongings> {
  const files: Record<string, string> = {}
  for (const purpose of PURPOSES) files[purpose] = await person.upload(purpose)
  const clonedVoice = `VoiceOf-${person.id}01`
  const voiceFileId = files.voice_clone ?? ''
  await person.get('POST', '/v1/voice_clone', { file_id: Number(voiceFileId), voice_id: clonedVoice })
  const design = { prompt: 'Calm', preview_text: text }
  const voiceId = textAt(await person.get('POST', '/v1/voice_design', design), 'voice_id')
  const cover = await person.get('POST', '/v1/music_cover_preprocess', {
    model: 'music-cover',
    audio_url: `https://example.com/${person.id}.mp3`,
  })
  const made: Made = {
    ...(await makeTasks(person)),
    fileId: files.t2a_async_input ?? '',
    spareFileId: await person.upload('t2a_async_input'),
    voiceFileId,
    voiceId,
  }
  return {
    made,
    objects: await objectsOfUser(gateway, person.id),
    own: {
      file: made.fileId,
      voice: clonedVoice,
      cover_feature: textAt(cover, 'cover_feature_id'),
      speech_task: made.speechTask,
      video_task: made.videoTask,
      video_template_task: made.templateTask,
      video_v2_task: made.v2Task,
    },
    clonedVoice,
    files,
  }
}
