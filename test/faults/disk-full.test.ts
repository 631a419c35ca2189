import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectBooksToMatch } from '../helpers/books.ts'
import { chat, CHATS, messageOfError, post } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'

const dir = await mkdtemp(join(tmpdir(), 'disk-full-'))
/** A refusal waits for nothing: not for the disk, and not for what cannot be written now. */
const PROMPT_MS = 2_500
const BALLAST = join(dir, 'ballast')

/** Mounts a disk that is soon full. Root can, where the kernel lets it. */
function mount(): string | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', dir], { stdio: 'pipe' })
    return null
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error)
  }
}

/** Writes until nothing more fits. */
function fill(): void {
  const file = openSync(BALLAST, 'w')
  try {
    for (let size = 64 * 1024; size >= 1;) {
      try {
        writeSync(file, Buffer.alloc(size))
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(file)
  }
}

const reason = mount()
// A test that is not run proves nothing: say so where people look.
if (reason !== null)
  process.stderr.write(`NOT TESTED: a full disk, because no small one can be mounted: ${reason}\n`)

describe.skipIf(reason !== null)('on a disk that is full', () => {
  let gateway: TestGateway
  let token: string
  let inFlight: Promise<string>

  async function readiness(): Promise<number> {
    const answer = await fetch(`${gateway.adminUrl}/readyz`)
    await answer.body?.cancel()
    return answer.status
  }

  async function status(path: string): Promise<number> {
    const answer = await post(gateway.url, token, path, chat())
    await answer.text()
    return answer.status
  }

  beforeAll(async () => {
    gateway = await startGateway({ env: { DATA_DIR: dir, DRAIN_TIMEOUT: '5s' } })
    token = (await gateway.token()).token
    gateway.emulator.scenario({ match: { times: 1 }, use: 'chunk-delay@300' })
    const answer = await post(gateway.url, token, CHATS[1][1], chat({ stream: true }))
    inFlight = answer.text()
    inFlight.catch(() => undefined)
    fill()
  })

  afterAll(async () => {
    try {
      // The disk goes back to the machine even where the gateway does not end.
      await Promise.race([gateway.close(), pause(20_000, undefined, { ref: false })])
    } finally {
      execFileSync('umount', ['--lazy', dir])
      await rm(dir, { recursive: true, force: true })
    }
  })

  test('new calls are refused as soon as a row does not fit', async () => {
    // What fits into a page that is allocated already is still taken.
    await expect.poll(() => status(CHATS[0][1]), { timeout: 25_000 }).toBe(503)
  })

  test.each(CHATS)('a new call is refused in the words of %s, and nothing is sent', async (dialect, path) => {
    const before = gateway.emulator.acceptLog().length
    const begun = performance.now()
    const answer = await post(gateway.url, token, path, chat())
    expect(answer.status).toBe(503)
    expect(performance.now() - begun).toBeLessThan(PROMPT_MS)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(messageOfError(dialect, await answer.text())).not.toBe('')
    expect(gateway.emulator.acceptLog()).toHaveLength(before)
  })

  test('the gateway lives, and says that it is not ready', async () => {
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200)
    expect(await readiness()).toBe(503)
  })

  test('an answer in flight is delivered whole', async () => {
    expect(await inFlight).toMatch(/data: \[DONE\]\n\n$/)
  })

  test('with room again, calls are taken and the books match', async () => {
    rmSync(BALLAST)
    await expect.poll(() => status(CHATS[0][1]), { timeout: 10_000 }).toBe(200)
    await expect.poll(readiness, { timeout: 10_000 }).toBe(200)
    await expectBooksToMatch(gateway)
  })
})
