import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { frames, mp3 } from '../../emulator/media/mp3.ts'
import { textAt } from '../emulator/kit.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { objectsOfUser, personOf, type Person } from './matrix-users.ts'

const PROGRAM = join(import.meta.dirname, '../../node_modules/minimax-mcp-js/build/index.js')
const VOICE = 'narrator01'
const USERS = ['anna', 'bert'] as const

/** A user with MiniMax's own MCP server in a process of theirs. */
interface Desk {
  readonly person: Person
  readonly client: Client
  readonly folder: string
}

let gateway: TestGateway
let desks: readonly Desk[]

async function deskOf(user: string): Promise<Desk> {
  const person = await personOf(gateway, user)
  const folder = await mkdtemp(join(tmpdir(), `minimax-gateway-mcp-${user}-`))
  await writeFile(join(folder, 'voice.mp3'), frames(mp3(2000, 32000, 128000, 1)))
  // The program plays sound with sox; a stand-in that plays nothing will do.
  await writeFile(join(folder, 'play'), '#!/bin/sh\nexit 0\n')
  await chmod(join(folder, 'play'), 0o755)
  const client = new Client({ name: 'test', version: '1.0.0' })
  const env = {
    PATH: `${folder}${delimiter}${process.env.PATH ?? ''}`,
    MINIMAX_API_HOST: gateway.url,
    MINIMAX_API_KEY: person.token,
    MINIMAX_MCP_BASE_PATH: folder,
    MINIMAX_RESOURCE_MODE: 'url',
  }
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [PROGRAM], env, cwd: folder }),
  )
  return { person, client, folder }
}

beforeAll(async () => {
  gateway = await startGateway({ checksBooks: true })
  desks = await Promise.all(USERS.map(deskOf))
})

afterAll(async () => {
  for (const { person, client, folder } of desks) {
    await client.close()
    person.close()
    await rm(folder, { recursive: true, force: true })
  }
  await gateway.close()
})

async function call({ client }: Desk, name: string, args: Record<string, unknown>): Promise<string> {
  return textAt(await client.callTool({ name, arguments: args }), 'content.0.text')
}

/** What every desk is told, all at once. */
function atOnce(name: string, args: (desk: Desk) => Record<string, unknown>): Promise<string[]> {
  return Promise.all(desks.map((desk) => call(desk, name, args(desk))))
}

async function voiceIds(): Promise<(string | undefined)[]> {
  const owned = await Promise.all(USERS.map((user) => objectsOfUser(gateway, user)))
  return owned.map((objects) => objects.find(({ name }) => name === VOICE)?.id)
}

describe("MiniMax's MCP server, for two users at once", () => {
  it('clones a voice of the same name for each', async () => {
    const said = await atOnce('voice_clone', ({ folder }) => ({
      voiceId: VOICE,
      audioFile: join(folder, 'voice.mp3'),
      text: 'This is my voice.',
    }))
    for (const one of said) expect(one).toContain('Voice cloning successful')
    const ids = await voiceIds()
    expect(new Set(ids).size).toBe(2)
    for (const id of ids) {
      expect(id).toBeDefined()
      expect(said.join()).not.toContain(id)
    }
  })

  it('speaks with the own voice of each', async () => {
    const before = gateway.emulator.requests.length
    const said = await atOnce('text_to_audio', () => ({ text: 'Hello', voiceId: VOICE }))
    for (const one of said) expect(one).not.toMatch(/fail/i)
    const spoken = gateway.emulator.requests
      .slice(before)
      .filter(({ operation }) => operation === 'speech.sync')
      .map(({ body }) => body?.toString() ?? '')
    expect(spoken).toHaveLength(2)
    for (const id of await voiceIds())
      expect(spoken.filter((body) => body.includes(`"${id}"`))).toHaveLength(1)
  })

  it('designs a voice for each, and lists to each their own alone', async () => {
    const designed = await atOnce('voice_design', () => ({
      prompt: 'Calm',
      previewText: 'Once upon a time.',
    }))
    const names = designed.map((said) => /ttv-voice-[\w-]+/.exec(said)?.[0] ?? said)
    expect(new Set(names).size).toBe(2)
    const lists = await atOnce('list_voices', () => ({ voiceType: 'all' }))
    const ids = await voiceIds()
    for (const [index, list] of lists.entries()) {
      expect(list.split(VOICE).length - 1, list).toBeGreaterThan(0)
      expect(list).toContain('male-qn-qingse')
      for (const name of names) if (name !== names[index]) expect(list).not.toContain(name)
      for (const id of ids) expect(list).not.toContain(id)
    }
    // The program does not print designed voices.
    const answers = await Promise.all(
      desks.map(({ person }) => person.get('POST', '/v1/get_voice', { voice_type: 'all' })),
    )
    for (const [index, answer] of answers.entries())
      expect(answer).toMatchObject({
        voice_cloning: [{ voice_id: VOICE }],
        voice_generation: [{ voice_id: names[index] }],
      })
  })

  it('makes a film for each, which the other cannot ask about', async () => {
    const made = await atOnce('generate_video', () => ({ prompt: 'Waves', asyncMode: true }))
    const tasks = made.map((said) => /Task ID: (\w+)/.exec(said)?.[1] ?? said)
    expect(new Set(tasks).size).toBe(2)
    const ask = (index: (desk: number) => number): Promise<string[]> =>
      Promise.all(
        desks.map((desk, own) => call(desk, 'query_video_generation', { taskId: tasks[index(own)] })),
      )
    for (const said of await ask((own) => own)) expect(said).toMatch(/https?:\/\//)
    for (const said of await ask((own) => 1 - own)) {
      expect(said).toContain('The task does not exist.')
      expect(said).not.toMatch(/https?:\/\//)
    }
  })

  it('left each with files of their own alone', async () => {
    const lists = await Promise.all(
      desks.map(({ person }) => person.get('GET', '/v1/files/list?purpose=voice_clone')),
    )
    for (const list of lists) expect(list).toMatchObject({ files: [{ purpose: 'voice_clone' }] })
    expect(JSON.stringify(lists[0])).not.toBe(JSON.stringify(lists[1]))
  })
})
