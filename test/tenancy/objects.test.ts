import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { textAt, at } from '../emulator/kit.ts'
import { idAt, isSuccess, type Answer, type Person } from './matrix-users.ts'
import { DAY_MS, HOUR_MS, startTimedGateway, type TimedGateway } from './objects-kit.ts'

const NAME = 'narrator01'
const MINUTE_MS = 60_000

let gateway: TimedGateway
let anna: Person
let bert: Person

beforeEach(async () => {
  gateway = await startTimedGateway()
  anna = await gateway.person('anna')
  bert = await gateway.person('bert')
})

afterEach(() => gateway[Symbol.asyncDispose]())

async function clone(person: Person, name = NAME): Promise<void> {
  const file_id = Number(await person.upload('voice_clone'))
  await person.get('POST', '/v1/voice_clone', { file_id, voice_id: name })
}

function send(person: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  return person.send({ method, path, body: body === undefined ? undefined : JSON.stringify(body) })
}

function speak(person: Person, name = NAME): Promise<Answer> {
  const body = { model: 'speech-2.8-hd', text: 'Hello', voice_setting: { voice_id: name } }
  return send(person, 'POST', '/v1/t2a_v2', body)
}

function erase(person: Person, voice_id = NAME): Promise<Answer> {
  return send(person, 'POST', '/v1/delete_voice', { voice_type: 'voice_cloning', voice_id })
}

async function voices(person: Person): Promise<string[]> {
  const answer = await person.get('POST', '/v1/get_voice', { voice_type: 'voice_cloning' })
  const list = at(answer, 'voice_cloning')
  return Array.isArray(list) ? list.map((voice: unknown) => textAt(voice, 'voice_id')) : []
}

async function task(person: Person): Promise<string> {
  const body = { model: 'MiniMax-H3', content: [{ type: 'text', text: 'Waves' }] }
  return textAt(await person.get('POST', '/v2/video_generation', body), 'task_id')
}

const isFound = async (answer: Promise<Answer>): Promise<boolean> => {
  const { status, text } = await answer
  if (status !== 200 && status !== 404) throw new Error(text)
  return status === 200
}

describe('two users who call their voices alike', () => {
  beforeEach(async () => {
    await clone(anna)
    await clone(bert)
  })

  it('speak with their own each, and read their own name', async () => {
    for (const person of [anna, bert]) {
      const before = gateway.emulator.requests.length
      expect(isSuccess(await speak(person))).toBe(true)
      const [spoken] = gateway.emulator.requests.slice(before)
      const [voice] = (await gateway.objects(person.id)).filter(({ kind }) => kind === 'voice')
      expect(spoken?.body?.toString()).toContain(`"voice_id":"${String(voice?.id)}"`)
      expect(voice).toMatchObject({ name: NAME, user: person.id })
      expect(await voices(person)).toEqual([NAME])
    }
    const spoken = gateway.emulator.requests.filter(({ operation }) => operation === 'speech.sync')
    expect(new Set(spoken.map(({ body }) => body?.toString())).size).toBe(2)
  })

  it("delete their own each, and the other's goes on", async () => {
    expect(isSuccess(await erase(anna))).toBe(true)
    expect(await isFound(speak(anna))).toBe(false)
    expect(isSuccess(await speak(bert))).toBe(true)
    expect(await voices(anna)).toEqual([])
    expect(await voices(bert)).toEqual([NAME])
  })

  it('can give the name again once it is free', async () => {
    await erase(anna)
    await clone(anna)
    expect(isSuccess(await speak(anna))).toBe(true)
  })

  it('learn nothing from a name that is taken: their own is refused in their words', async () => {
    const file_id = Number(await anna.upload('voice_clone'))
    const answer = await send(anna, 'POST', '/v1/voice_clone', { file_id, voice_id: NAME })
    expect(isSuccess(answer)).toBe(false)
    const ids = (await gateway.objects('anna')).map(({ id }) => String(id))
    expect(ids.filter((id) => id !== NAME && answer.text.includes(id))).toEqual([])
    expect(await isFound(speak(anna))).toBe(true)
  })
})

describe('a name for a new voice', () => {
  it("cannot be one of MiniMax's for another's voice, and the answer is that for a voice nobody has", async () => {
    await clone(anna)
    const [voice] = (await gateway.objects('anna')).filter(({ kind }) => kind === 'voice')
    const upstream = String(voice?.id)
    // Another user's pseudonym, who does not exist: it is of small letters and the digits from 2 to 7.
    const never = upstream.replace(/^u./, (first) => (first === 'ua' ? 'ub' : 'ua'))
    const file_id = Number(await bert.upload('voice_clone'))
    const accepted = gateway.emulator.accepted.get('voice.clone')
    const answers = [upstream, `${upstream}2`, never].map((voice_id) =>
      send(bert, 'POST', '/v1/voice_clone', { file_id, voice_id }),
    )
    const [first, ...others] = await Promise.all(answers)
    expect(first?.status).toBe(400)
    for (const other of others) expect(other).toEqual(first)
    expect(gateway.emulator.accepted.get('voice.clone')).toBe(accepted)
  })
})

describe('what is deleted', () => {
  const TRIES = 20

  it('is gone from lists at once, and a second time is not found: files', async () => {
    const gone = (id: string): Promise<Answer> =>
      send(anna, 'POST', '/v1/files/delete', { file_id: Number(id), purpose: 'voice_clone' })
    const never = await gone('999999999999999')
    for (let tries = 0; tries < TRIES; tries++) {
      const id = await anna.upload('voice_clone')
      expect(isSuccess(await gone(id))).toBe(true)
      const { text } = await send(anna, 'GET', '/v1/files/list?purpose=voice_clone')
      expect(text).not.toContain(id)
      expect(await isFound(send(anna, 'GET', `/v1/files/retrieve?file_id=${id}`))).toBe(false)
      expect(await gone(id)).toEqual(never)
    }
    expect(await gateway.objects('anna')).toEqual([])
  })

  it('is gone from lists at once, and a second time is not found: tasks', async () => {
    const gone = (id: string): Promise<Answer> => send(anna, 'DELETE', `/v2/video_generation/${id}`)
    const never = await gone('999999999999999')
    for (let tries = 0; tries < TRIES; tries++) {
      const id = await task(anna)
      expect(isSuccess(await gone(id))).toBe(true)
      const list = await anna.get('GET', '/v2/query/video_generation')
      expect(list).toMatchObject({ items: [], total: 0 })
      expect(await gone(id)).toEqual(never)
    }
  })

  it('is gone from lists at once, and a second time is not found: voices', async () => {
    const never = await erase(anna, 'narrator99')
    for (let tries = 0; tries < TRIES; tries++) {
      await clone(anna)
      expect(isSuccess(await erase(anna))).toBe(true)
      expect(await voices(anna)).toEqual([])
      expect(await erase(anna)).toEqual(never)
    }
  })

  it('stays where another asks for it', async () => {
    const [file, one] = [await anna.upload('voice_clone'), await task(anna)]
    await clone(anna)
    const tries = [
      send(bert, 'POST', '/v1/files/delete', { file_id: Number(file), purpose: 'voice_clone' }),
      send(bert, 'DELETE', `/v2/video_generation/${one}`),
      erase(bert),
    ]
    for (const answer of await Promise.all(tries)) expect(answer.status).toBe(404)
    expect(await isFound(send(anna, 'GET', `/v1/files/retrieve?file_id=${file}`))).toBe(true)
    expect(await isFound(send(anna, 'GET', `/v2/query/video_generation/${one}`))).toBe(true)
    expect(await isFound(speak(anna))).toBe(true)
  })
})

describe('what MiniMax forgets', () => {
  async function cover(person: Person): Promise<string> {
    const body = { model: 'music-cover', audio_url: 'https://example.com/song.mp3' }
    return textAt(await person.get('POST', '/v1/music_cover_preprocess', body), 'cover_feature_id')
  }
  const sing = (person: Person, cover_feature_id: string): Promise<Answer> =>
    send(person, 'POST', '/v1/music_generation', { model: 'music-cover', lyrics: 'La', cover_feature_id })

  it('is not found after that: a cover feature after 24 hours', async () => {
    const id = await cover(anna)
    gateway.pass(DAY_MS - MINUTE_MS)
    expect(await isFound(sing(anna, id))).toBe(true)
    gateway.pass(2 * MINUTE_MS)
    expect(await isFound(sing(anna, id))).toBe(false)
    expect(await gateway.objects('anna')).toEqual([])
    expect(await cover(anna)).toBe(id)
    expect(await isFound(sing(anna, id))).toBe(true)
  })

  it("may be two users': the same song has the same cover feature", async () => {
    const id = await cover(anna)
    expect(await isFound(sing(bert, id))).toBe(false)
    gateway.pass(12 * HOUR_MS)
    expect(await cover(bert)).toBe(id)
    gateway.pass(12 * HOUR_MS + MINUTE_MS)
    expect(await isFound(sing(anna, id))).toBe(false)
    expect(await isFound(sing(bert, id))).toBe(true)
  })

  it('is neither found nor listed after that: a task of the second video API after 7 days', async () => {
    const id = await task(anna)
    const look = (): Promise<boolean> => isFound(send(anna, 'GET', `/v2/query/video_generation/${id}`))
    gateway.pass(7 * DAY_MS - MINUTE_MS)
    expect(await look()).toBe(true)
    gateway.pass(2 * MINUTE_MS)
    expect(await look()).toBe(false)
    expect(await anna.get('GET', '/v2/query/video_generation')).toMatchObject({ items: [], total: 0 })
  })

  it.each([
    ['video_understanding', true],
    ['video_generation_input', true],
    ['voice_clone', false],
    ['t2a_async_input', false],
  ])(
    'is neither found nor listed after that: a file for %s after 7 days: %s',
    async (purpose, isForgotten) => {
      const id = await anna.upload(purpose)
      const look = (): Promise<boolean> => isFound(send(anna, 'GET', `/v1/files/retrieve?file_id=${id}`))
      gateway.pass(7 * DAY_MS - MINUTE_MS)
      expect(await look()).toBe(true)
      gateway.pass(2 * MINUTE_MS)
      expect(await look()).toBe(!isForgotten)
      const list = await anna.get('GET', `/v1/files/list?purpose=${purpose}`)
      expect(at(list, 'files')).toHaveLength(isForgotten ? 0 : 1)
    },
  )

  it('is not found after that: a voice that nobody used for 168 hours', async () => {
    await clone(anna)
    gateway.pass(168 * HOUR_MS + MINUTE_MS)
    expect(await isFound(speak(anna))).toBe(false)
    expect(idAt({ count: (await voices(anna)).length }, 'count')).toBe('0')
  })

  it('stays when it was used: a voice', async () => {
    await clone(anna)
    gateway.pass(168 * HOUR_MS - MINUTE_MS)
    expect(await isFound(speak(anna))).toBe(true)
    gateway.pass(400 * DAY_MS)
    expect(await isFound(speak(anna))).toBe(true)
    expect(await voices(anna)).toEqual([NAME])
  })
})
