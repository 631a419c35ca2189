import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import { MODALITIES } from '../../src/minimax/catalog.ts'

const ROOT = join(import.meta.dirname, '../..')

/** How the master key of the demo begins. */
const MASTER_KEY = /sk-api-demo-\w+/

describe('npm run demo -- --once', () => {
  let code: number | null
  let stdout = ''
  let stderr = ''

  beforeAll(async () => {
    const child = spawn(process.execPath, ['emulator/demo.ts', '--once'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, MINIMAX_API_KEY: 'the-key-of-the-operator', PORT: '1', ADMIN_TOKEN: 'short' },
    })
    const read = Promise.all([text(child.stdout), text(child.stderr)])
    await once(child, 'close')
    code = child.exitCode
    ;[stdout, stderr] = await read
  })

  it('ends well, whatever the settings of the shell are', () => {
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  it.each(MODALITIES)('has a row of %s that went well', (modality) => {
    const rows = stdout.split('\n').filter((line) => line.startsWith(`${modality} `))
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) expect(row).toMatch(/ {2}ok {2}/)
  })

  it.each([
    ['chat.openai', /\d+ in, \d+ out/],
    ['speech.sync', /\d+ characters/],
    ['speech.async.create', /\d+ characters/],
    ['speech.websocket', /\d+ characters/],
    ['transcription.create', /[\d.]+ s/],
    ['image.create', /2 images/],
    ['music.create', /1 song/],
    ['video.create', /1 video/],
    ['video.v2.create', /5 s/],
  ])('shows of %s what was used, its list price and less than that charged', (operation, usage) => {
    const row = stdout.split('\n').find((line) => line.split(/ +/)[1] === operation) ?? ''
    const [, used = '', list, charged] = /ms {2}(.+?) +\$([\d.]+) +\$([\d.]+) {2}/.exec(row) ?? []
    expect(used).toMatch(usage)
    expect(Number(list)).toBeGreaterThan(0)
    expect(Number(charged) / Number(list)).toBeCloseTo(0.4, 2)
  })

  it.each(['models.list', 'voice.list', 'files.upload', 'account.quota'])('shows that %s is free', (name) => {
    const row = stdout.split('\n').find((line) => line.split(/ +/)[1] === name) ?? ''
    expect(row).toMatch(/ms {2}– +–  +– {2}/)
  })

  it('says what all of it came to', () => {
    const sums = /Users pay 0\.4 × .*: \$([\d.]+) at the list, \$([\d.]+) charged\.$/m.exec(stdout)
    expect(Number(sums?.[2]) / Number(sums?.[1])).toBeCloseTo(0.4, 5)
  })

  it('fits into 160 columns', () => {
    expect(stdout.split('\n').filter((line) => line.length > 160)).toEqual([])
  })

  it('counts no request that ended otherwise', () => {
    expect(stdout).toMatch(/as \/metrics counts them: \d+ ok\.$/m)
  })

  it('prints no master key', () => {
    expect(stdout + stderr).not.toMatch(MASTER_KEY)
    expect(stdout + stderr).not.toContain('the-key-of-the-operator')
  })
})
