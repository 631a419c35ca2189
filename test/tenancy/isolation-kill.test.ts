import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ObjectKind } from '../../src/minimax/objects.ts'
import type { Plan } from '../crash/calls.ts'
import { callOverHttp, type Note } from '../crash/clients.ts'
import { between, randomOf } from '../crash/random.ts'
import { textAt } from '../emulator/kit.ts'
import { formFor } from '../helpers/calls.ts'
import { startEmulatorProcess, startGatewayProcess, type GatewayProcess } from '../helpers/child.ts'
import { ADMIN_TOKEN, isRecord } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'
import { isSuccess, Person } from './matrix-users.ts'

const KILLS = 8
const WORKERS = 4
/** Milliseconds after the first answers. */
const KILL = { least: 0, most: 150 }
const LIMIT_MS = 180_000

interface User {
  readonly id: string
  readonly token: string
  /** A clip to clone from. */
  readonly clip: string
}

/** A call that makes something, by whom, and what the client read of its answer. */
interface Made {
  readonly user: User
  readonly note: Note
  /** The name of a voice; '' for what MiniMax names. */
  readonly voice: string
}

/** Where an id stands in what may be the beginning of an answer only. A cut one has no end. */
const READ: Readonly<Record<string, { readonly kind: ObjectKind; readonly id: RegExp }>> = {
  'files.upload': { kind: 'file', id: /"file_id":\s*"?(\d+)[",}\s]/ },
  'video.create': { kind: 'video_task', id: /"task_id":\s*"(\w+)"/ },
  'music.cover_preprocess': { kind: 'cover_feature', id: /"cover_feature_id":\s*"(\w+)"/ },
}

const said = (): Record<string, number> => ({})

function planOf(count: number, { clip }: User): { readonly plan: Plan; readonly voice: string } {
  const post = (operation: string, path: string, body: Plan['body']): Plan => ({
    ...{ operation, path, method: 'POST', said },
    ...(body === undefined ? {} : { body }),
  })
  const voice = `KilledVoice${count}x`
  const audio_url = `https://example.com/${count}.mp3`
  switch (count % 4) {
    case 0:
      return { plan: post('files.upload', '/v1/files/upload', formFor('none', 'y'.repeat(9000))), voice: '' }
    case 1:
      return {
        plan: post('video.create', '/v1/video_generation', { model: 'T2V-01', prompt: 'x' }),
        voice: '',
      }
    case 2:
      return {
        plan: post('voice.clone', '/v1/voice_clone', { file_id: Number(clip), voice_id: voice }),
        voice,
      }
    default:
      return {
        plan: post('music.cover_preprocess', '/v1/music_cover_preprocess', {
          model: 'music-cover',
          audio_url,
        }),
        voice: '',
      }
  }
}

async function admin({ adminUrl }: GatewayProcess, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${adminUrl}/admin/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const value: unknown = await answer.json()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(value)}`)
  return value
}

async function userOf(gateway: GatewayProcess, id: string): Promise<User> {
  await admin(gateway, '/users', { id })
  const token = textAt(await admin(gateway, `/users/${id}/tokens`, {}), 'token')
  const person = new Person(id, token, gateway.url)
  const clip = await person.upload('voice_clone')
  person.close()
  return { id, token, clip }
}

/** `kind name` of everything that a user has. */
async function belongings(gateway: GatewayProcess, user: string): Promise<Set<string>> {
  const found = new Set<string>()
  let cursor = ''
  do {
    const page = await admin(gateway, `/objects?user=${user}&limit=1000${cursor}`)
    if (!isRecord(page) || !Array.isArray(page.items)) throw new Error('not a page of objects')
    for (const item of page.items) found.add(`${textAt(item, 'kind')} ${textAt(item, 'name')}`)
    cursor = typeof page.next === 'string' ? `&cursor=${encodeURIComponent(page.next)}` : ''
  } while (cursor !== '')
  return found
}

/** Calls until the gateway is killed. */
async function load(gateway: GatewayProcess, users: readonly User[], moment: number, first: number) {
  const made: Made[] = []
  let count = first
  let whole = 0
  let isOver = false
  const work = async (user: User): Promise<void> => {
    while (!isOver) {
      const { plan, voice } = planOf(count++, user)
      const note = await callOverHttp(gateway.url, user.token, `mark-${count}x`, plan)
      if (note.isWhole) whole += 1
      made.push({ user, note, voice })
    }
  }
  const all = Promise.all(users.flatMap((user) => Array.from({ length: WORKERS }, () => work(user))))
  await until(() => whole >= WORKERS, 'a first answer', 20_000)
  // The moment of the kill is what is drawn by lot here.
  await pause(moment)
  isOver = true
  await gateway.stop('SIGKILL')
  await all
  return { made, next: count }
}

/** @returns what a client has read that is not its user's */
async function lost(
  gateway: GatewayProcess,
  users: readonly User[],
  made: readonly Made[],
): Promise<string[]> {
  const has = new Map<string, Set<string>>()
  for (const { id } of users) has.set(id, await belongings(gateway, id))
  return made.flatMap(({ user, note, voice }) => {
    const read = READ[note.operation]
    const id = voice !== '' && note.isWhole && note.status === 200 ? voice : read?.id.exec(note.body)?.[1]
    if (id === undefined) return []
    const name = `${read?.kind ?? 'voice'} ${id}`
    return users.flatMap((one) => {
      const isTheirs = has.get(one.id)?.has(name) === true
      return isTheirs === (one.id === user.id) ? [] : [`${one.id}: ${name} of ${user.id}`]
    })
  })
}

/** @returns voices whose answer never came, and that their makers can neither use nor make again */
async function stuck(gateway: GatewayProcess, made: readonly Made[]): Promise<string[]> {
  const wrong: string[] = []
  for (const { user, note, voice } of made) {
    if (voice === '' || note.isWhole) continue
    const person = new Person(user.id, user.token, gateway.url)
    const speak = { model: 'speech-2.8-hd', text: 'Hello', voice_setting: { voice_id: voice } }
    const spoken = await person.send({ method: 'POST', path: '/v1/t2a_v2', body: JSON.stringify(speak) })
    const clone = { file_id: Number(user.clip), voice_id: voice }
    const path = '/v1/voice_clone'
    const cloned = isSuccess(spoken)
      ? spoken
      : await person.send({ method: 'POST', path, body: JSON.stringify(clone) })
    if (!isSuccess(cloned)) wrong.push(`${voice}: ${spoken.text} ${cloned.text}`)
    person.close()
  }
  return wrong
}

test(
  "a gateway that is killed between the answers forgets nobody's objects",
  async () => {
    const seed = Date.now() % 1_000_000_007
    const random = randomOf(seed)
    const dataDir = await mkdtemp(join(tmpdir(), 'isolation-kill-'))
    try {
      await using emulator = await startEmulatorProcess(['--task-delay', '0'])
      const start = (): Promise<GatewayProcess> => startGatewayProcess(emulator.url, { DATA_DIR: dataDir })
      let gateway = await start()
      const users = [await userOf(gateway, 'anna'), await userOf(gateway, 'bert')]
      const breaches: string[] = []
      let cut = 0
      let count = 0
      for (let kill = 1; kill <= KILLS; kill++) {
        const { made, next } = await load(gateway, users, between(random, KILL.least, KILL.most), count)
        count = next
        cut += made.filter(({ note }) => !note.isWhole).length
        await gateway[Symbol.asyncDispose]()
        gateway = await start()
        breaches.push(...(await lost(gateway, users, made)), ...(await stuck(gateway, made)))
      }
      await gateway[Symbol.asyncDispose]()
      expect(breaches, `seed ${seed}`).toEqual([])
      expect(cut).toBeGreaterThan(0)
      process.stdout.write(`kill: ${KILLS} kills, ${count} calls, ${cut} cut (seed ${seed})\n`)
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  },
  LIMIT_MS,
)
