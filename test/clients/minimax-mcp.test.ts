import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mp3Seconds, mp4Seconds, pngSize } from '../../emulator/demo/media.ts'
import { frames, mp3 } from '../../emulator/media/mp3.ts'
import { png } from '../../emulator/media/png.ts'
import { textAt } from '../emulator/kit.ts'
import { MASTER_KEY, requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'

const PROGRAM = join(import.meta.dirname, '../../node_modules/minimax-mcp-js/build/index.js')

let gateway: TestGateway
let folder: string
const clients: Client[] = []

beforeAll(async () => {
  gateway = await startGateway({ checksBooks: true })
  folder = await mkdtemp(join(tmpdir(), 'minimax-gateway-mcp-'))
  await writeFile(join(folder, 'voice.mp3'), frames(mp3(2000, 32000, 128000, 1)))
  await writeFile(join(folder, 'frame.png'), png(16, 16, 1))
  // The program plays sound with sox; a stand-in that plays nothing will do.
  await writeFile(join(folder, 'play'), '#!/bin/sh\nexit 0\n')
  await chmod(join(folder, 'play'), 0o755)
})

afterAll(async () => {
  for (const client of clients) await client.close()
  await gateway.close()
  await rm(folder, { recursive: true, force: true })
})

/** Starts MiniMax's own MCP server with nothing set but the host and the key. */
async function start(token: string, mode: 'url' | 'local'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  clients.push(client)
  const env = {
    PATH: `${folder}${delimiter}${process.env.PATH ?? ''}`,
    MINIMAX_API_HOST: gateway.url,
    MINIMAX_API_KEY: token,
    MINIMAX_MCP_BASE_PATH: folder,
    MINIMAX_RESOURCE_MODE: mode,
  }
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [PROGRAM], env, cwd: folder }),
  )
  return client
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<string> {
  return textAt(await client.callTool({ name, arguments: args }), 'content.0.text')
}

/** The bytes of the one file or address that a tool named in its answer. */
async function result(said: string): Promise<Buffer> {
  const url = /https?:\/\/[^\s,]+[^\s,.]/.exec(said)?.[0]
  if (url !== undefined) return Buffer.from(await (await fetch(url)).arrayBuffer())
  const path = said.slice(said.indexOf(folder)).replace(/(\)|\. .*|\.)?$/, '')
  return readFile(path)
}

interface Tool {
  /** What it is called with; `client` for tools that need the answer of another. */
  arguments(client: Client): Record<string, unknown> | Promise<Record<string, unknown>>
  /** Operations that it is to call at the gateway. */
  readonly operations: readonly string[]
  check(said: string): void | Promise<void>
}

const prompt = 'A lighthouse at dawn'

async function isFilm(said: string): Promise<void> {
  expect(mp4Seconds(await result(said))).toBe(6)
}

/** Every tool of the program. */
const TOOLS: Readonly<Record<string, Tool>> = {
  text_to_audio: {
    arguments: () => ({ text: 'Hello from the gateway.' }),
    operations: ['speech.sync'],
    check: async (said) => expect(mp3Seconds(await result(said))).toBeGreaterThan(1),
  },
  list_voices: {
    arguments: () => ({}),
    operations: ['voice.list'],
    check: (said) => expect(said).toContain('ID: male-qn-qingse'),
  },
  play_audio: {
    arguments: () => ({ inputFilePath: join(folder, 'voice.mp3') }),
    operations: [],
    check: (said) => expect(said).toContain('Successfully played audio'),
  },
  voice_clone: {
    arguments: () => ({
      voiceId: `CloneOfATest${Math.random().toString(36).slice(2)}`,
      audioFile: join(folder, 'voice.mp3'),
      text: 'This is my voice.',
    }),
    operations: ['files.upload', 'voice.clone'],
    check: async (said) => {
      expect(said).toContain('Voice cloning successful')
      expect(mp3Seconds(await result(said))).toBeGreaterThan(0.5)
    },
  },
  text_to_image: {
    arguments: () => ({ prompt }),
    operations: ['image.create'],
    check: async (said) => expect(pngSize(await result(said))).toEqual({ width: 64, height: 64 }),
  },
  generate_video: {
    arguments: () => ({ prompt }),
    operations: ['video.create', 'video.query', 'files.retrieve'],
    check: isFilm,
  },
  image_to_video: {
    arguments: () => ({ prompt, firstFrameImage: join(folder, 'frame.png') }),
    operations: ['video.create', 'video.query', 'files.retrieve'],
    check: isFilm,
  },
  query_video_generation: {
    async arguments(client) {
      const said = await call(client, 'generate_video', { prompt, asyncMode: true })
      return { taskId: /Task ID: (\w+)/.exec(said)?.[1] }
    },
    operations: ['video.create', 'video.query', 'files.retrieve'],
    check: isFilm,
  },
  voice_design: {
    arguments: () => ({ prompt: 'A calm storyteller', previewText: 'Once upon a time.' }),
    operations: ['voice.design'],
    check: async (said) => {
      expect(said).toMatch(/Voice ID: ttv-voice-\w+/)
      expect(mp3Seconds(await result(said))).toBeGreaterThan(0.5)
    },
  },
}

describe.each(['url', 'local'] as const)("MiniMax's MCP server, giving out %s", (mode) => {
  let client: Client
  beforeAll(async () => {
    client = await start((await gateway.token()).token, mode)
  })

  it('has no tool that is not tried here', async () => {
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name).toSorted()).toEqual(Object.keys(TOOLS).toSorted())
  })

  it.each(Object.entries(TOOLS))('%s works through the gateway', async (name, tool) => {
    const before = requestLines(gateway).length
    const said = await call(client, name, await tool.arguments(client))
    expect(said).not.toMatch(/fail/i)
    await tool.check(said)
    const lines = requestLines(gateway).slice(before)
    expect(lines.map(({ operation }) => operation)).toEqual(tool.operations)
    expect(lines.map(({ outcome }) => outcome)).toEqual(lines.map(() => 'ok'))
  })
})

describe("MiniMax's MCP server", () => {
  it('says in our words that a token is not valid', async () => {
    const said = await call(await start('sk-not-one-of-ours', 'url'), 'list_voices', {})
    expect(said).toContain('Request failed (401)')
    expect(said).toContain('The token is not valid.')
  })

  it('never made the master key leave', () => {
    expect(gateway.emulator.requests.length).toBeGreaterThan(0)
    for (const { headers, path } of gateway.emulator.requests) {
      if (!path.startsWith('/cdn/')) expect(headers.authorization).toBe(`Bearer ${MASTER_KEY}`)
      else expect(headers.authorization).toBeUndefined()
    }
    expect(gateway.logLines.join('')).not.toContain(MASTER_KEY)
  })
})
