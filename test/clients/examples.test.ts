import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { served } from './helper.ts'
import { missing, ROOT, type Language } from './programs.ts'

const fixture = served()
const folder = mkdtempSync(join(tmpdir(), 'gateway-examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

const run = promisify(execFile)
const EXAMPLES = join(ROOT, 'examples')

/** Whether Python finds a package; those of its SDKs are no part of Debian. */
async function hasModule(name: string): Promise<boolean> {
  try {
    await run('python3', ['-c', `import ${name}`])
    return true
  } catch {
    return false
  }
}

const [hasOpenAi, hasAnthropic] = await Promise.all([hasModule('openai'), hasModule('anthropic')])
for (const [name, isThere] of [
  ['openai', hasOpenAi],
  ['anthropic', hasAnthropic],
] as const) {
  if (!isThere)
    process.stderr.write(`\n*** SKIPPED: the example of ${name} for Python: it is not installed ***\n\n`)
}

/** The example as somebody would start it. @returns what it printed */
async function printed(command: string, file: string, args: readonly string[] = []): Promise<string> {
  const { gateway, token } = fixture()
  const env = { PATH: process.env.PATH, NO_PROXY: '*', GATEWAY_URL: gateway.url, GATEWAY_TOKEN: token }
  return (await run(command, [join(EXAMPLES, file), ...args], { cwd: folder, env })).stdout
}

const HELLO = 'You said: Hello, MiniMax!'

/** Every program that is no page; the page has a browser of its own in test/browser. */
const PROGRAMS: readonly (readonly [
  file: string,
  Language,
  command: string,
  isThere: boolean,
  said: string,
])[] = [
  ['curl/every-modality.sh', 'sh', 'sh', true, 'Hello again!'],
  ['javascript/chat-anthropic.js', 'js', process.execPath, true, HELLO],
  ['javascript/chat-fetch.js', 'js', process.execPath, true, HELLO],
  ['javascript/chat-openai.js', 'js', process.execPath, true, HELLO],
  ['javascript/session-token.js', 'js', process.execPath, true, 'mmgs_'],
  ['python/chat_anthropic.py', 'python', 'python3', hasAnthropic, HELLO],
  ['python/chat_openai.py', 'python', 'python3', hasOpenAi, HELLO],
  ['python/chat_requests.py', 'python', 'python3', true, HELLO],
  ['python/speech_stdlib.py', 'python', 'python3', true, 'charged 0.00'],
]

describe('the example', () => {
  for (const [file, language, command, isThere, said] of PROGRAMS) {
    it.skipIf(missing(language) !== undefined || !isThere)(
      `${file} does what it says`,
      async () => {
        expect(await printed(command, file)).toContain(said)
      },
      30_000,
    )
  }

  it('of every folder is run here, and stands in the README', () => {
    const folders = ['curl', 'javascript', 'python']
    const files = folders.flatMap((name) =>
      readdirSync(join(EXAMPLES, name)).map((file) => `${name}/${file}`),
    )
    expect(files.filter((file) => !file.endsWith('/__pycache__')).sort()).toEqual(
      PROGRAMS.map(([file]) => file),
    )
    const readme = readFileSync(join(EXAMPLES, 'README.md'), 'utf8')
    for (const file of files) expect(readme, file).toContain(`examples/${file}`)
  })
})
