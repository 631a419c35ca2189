import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { chat, CHAT_PATH, post } from '../helpers/calls.ts'
import { MASTER_KEY, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'

const SECOND = `${MASTER_KEY}-second`

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-keys-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

function names(gateway: TestGateway): Promise<string> {
  return gateway.admin('GET', '/admin/v1/upstream-keys').then(({ items }) => {
    const rows: unknown[] = Array.isArray(items) ? items : []
    return rows
      .map((row) => JSON.stringify(row).replace(/.*"name":"([^"]+)".*"source":"([^"]+)".*/, '$1 $2'))
      .join()
  })
}

async function untilNames(gateway: TestGateway, expected: string): Promise<void> {
  let seen = ''
  const look = async (): Promise<void> => {
    seen = await names(gateway)
    if (seen !== expected) setTimeout(() => void look(), 20).unref()
  }
  void look()
  await until(() => seen === expected, `the keys are ${expected}`, 10_000)
}

async function chatWith(gateway: TestGateway, token: string): Promise<string | undefined> {
  gateway.emulator.reset()
  await (await post(gateway.url, token, CHAT_PATH, chat())).text()
  return gateway.emulator.requests[0]?.headers.authorization
}

describe('a file of upstream keys', () => {
  it('is read again when another is put in its place, also by a symbolic link to its folder', async () => {
    const folder = await aFolder()
    // As Kubernetes mounts a secret: the file is a link through a link to a folder that is exchanged.
    for (const [version, key] of [
      ['one', MASTER_KEY],
      ['two', SECOND],
    ] as const) {
      await mkdir(join(folder, version))
      await writeFile(join(folder, version, 'key'), `${key}\n`)
    }
    await symlink('one', join(folder, '..data'))
    await symlink(join('..data', 'key'), join(folder, 'key'))
    await using gateway = await startGateway({
      env: { MINIMAX_API_KEY: '', MINIMAX_API_KEY_FILE: join(folder, 'key') },
    })
    const { token } = await gateway.token()
    expect(await chatWith(gateway, token)).toBe(`Bearer ${MASTER_KEY}`)
    await symlink('two', join(folder, '..next'))
    await rename(join(folder, '..next'), join(folder, '..data'))
    await until(
      () => gateway.logLines.some((line) => line.includes('keys have changed')),
      'the change',
      10_000,
    )
    expect(await chatWith(gateway, token)).toBe(`Bearer ${SECOND}`)
    expect(gateway.logLines.join('')).not.toContain(MASTER_KEY)
  })

  it('that is wrong changes nothing, is told of once, and counts when it is mended', async () => {
    const file = join(await aFolder(), 'keys')
    await writeFile(file, `main=${MASTER_KEY}`)
    await using gateway = await startGateway({ env: { MINIMAX_API_KEY: '', MINIMAX_API_KEYS_FILE: file } })
    const { token } = await gateway.token()
    expect(await names(gateway)).toBe('main file')
    await writeFile(file, `main=${MASTER_KEY},spare`)
    await gateway.app.reload()
    await gateway.app.reload()
    const refusals = gateway.logLines.filter((line) => line.includes('are refused'))
    expect(refusals).toHaveLength(1)
    expect(refusals[0]).toContain('entry 2 is not name=key')
    expect(refusals[0]).not.toContain(MASTER_KEY)
    expect(await chatWith(gateway, token)).toBe(`Bearer ${MASTER_KEY}`)
    await writeFile(file, `spare*3=${SECOND}`)
    await untilNames(gateway, 'spare file')
    expect(await chatWith(gateway, token)).toBe(`Bearer ${SECOND}`)
  })

  it('that is gone changes nothing', async () => {
    const file = join(await aFolder(), 'keys')
    await writeFile(file, `main=${MASTER_KEY}`)
    await using gateway = await startGateway({ env: { MINIMAX_API_KEY: '', MINIMAX_API_KEYS_FILE: file } })
    await rm(file)
    await gateway.app.reload()
    expect(await names(gateway)).toBe('main file')
  })

  it('adds nothing to the keys of a setting that is no file', async () => {
    await using gateway = await startGateway()
    await gateway.app.reload()
    expect(await names(gateway)).toBe('default setting')
  })
})
