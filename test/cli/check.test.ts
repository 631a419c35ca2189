import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startEmulator } from '../../emulator/server.ts'
import { aFolder, aGateway, nowhere, run } from './helper.ts'

const KEY = 'sk-needle-0123456789'

describe('check-config', () => {
  it('prints the settings in effect without a secret', async () => {
    const env = { MINIMAX_API_KEY: KEY, ADMIN_TOKEN: 'needle'.repeat(8), PORT: '9000', DRAIN_TIMEOUT: '2m' }
    for (const line of ['check-config', 'check-config --json']) {
      const { code, out } = await run(line, env)
      expect(code).toBe(0)
      expect(out.join()).not.toContain('needle')
    }
    const { out } = await run('check-config', env)
    expect(out).toEqual(expect.arrayContaining(['PORT = 9000', 'DRAIN_TIMEOUT = 2m', 'HOST = 0.0.0.0']))
    expect(out.join('\n')).toMatch(/ADMIN_TOKEN = "\[redacted\]"/)
  })

  it('prints every problem at once and fails', async () => {
    const env = { PORT: 'x', LOG_LEVEL: 'loud' }
    const { code, out, err } = await run('check-config', env)
    expect([code, out]).toEqual([1, []])
    for (const name of ['PORT', 'LOG_LEVEL', 'MINIMAX_API_KEY']) expect(err).toContain(name)
    const json = await run('check-config --json', env)
    expect(JSON.parse(json.out.join())).toMatchObject({ ok: false, problems: expect.any(Array) as unknown })
  })

  it('looks into the file of prices, and doctor counts what is wrong with it', async () => {
    const file = join(aFolder(), 'prices.json')
    const env = { MINIMAX_API_KEY: KEY, PRICES_FILE: file }
    writeFileSync(file, '{"version":"mine","currencies":{"USD":[{"models":["m"]}]}}')
    const { code, out, err } = await run('check-config', env)
    expect([code, out]).toEqual([1, []])
    expect(err).toContain(`PRICES_FILE (${file}): currencies.USD[0].modality is missing`)
    expect(err).toContain('currencies.USD[0] must have exactly one of rates, free and unsold')
    expect((await run('doctor', env)).out.join()).toMatch(/configuration: has 2 problem.*check-config/)
    writeFileSync(file, '{"version":"mine","currencies":{}}')
    const right = await run('check-config', env)
    expect([right.code, right.out.includes(`PRICES_FILE = ${file}`)]).toEqual([0, true])
  })

  it('warns about what looks like a setting and is none', async () => {
    const { code, err } = await run('check-config', { MINIMAX_API_KEY: KEY, MINIMAX_BASEURL: 'x' })
    expect([code, err]).toEqual([0, expect.stringMatching(/warning: MINIMAX_BASEURL/)])
  })
})

describe('doctor', () => {
  it('says ok to everything that is in place', async () => {
    const { env } = await aGateway()
    const emulator = await startEmulator({ keys: [KEY] })
    const upstream = { MINIMAX_API_KEY: KEY, MINIMAX_BASE_URL: emulator.url }
    const { code, out } = await run('doctor', { ...env, ...upstream })
    await emulator.close()
    expect(out.map((line) => line.slice(0, 4))).toEqual(Array.from({ length: 5 }, () => 'ok  '))
    expect(code).toBe(0)
  })

  it('says what is wrong with each thing and what to do about it', async () => {
    const folder = aFolder()
    writeFileSync(join(folder, 'file'), '')
    const { port, origin } = await nowhere()
    const env = { ADMIN_PORT: port, DATA_DIR: join(folder, 'file', 'data') }
    const { code, out } = await run('doctor', env)
    expect(code).toBe(1)
    expect(out).toEqual([
      expect.stringMatching(/^FAIL {2}configuration: has 1 problem.*check-config/),
      expect.stringMatching(/^FAIL {2}data directory: .*cannot be written.*DATA_DIR/),
      expect.stringContaining(`FAIL  gateway: No gateway answers at ${origin} (ECONNREFUSED)`),
      expect.stringMatching(/^FAIL {2}admin token: No admin token: .*--admin-token-file/),
    ])
  })

  it('says so in JSON', async () => {
    const { env } = await aGateway()
    mkdirSync(join(env.DATA_DIR, 'sub'))
    const { code, out } = await run('doctor --json', { ...env, ADMIN_TOKEN: 'x'.repeat(40) })
    expect(code).toBe(1)
    expect(JSON.parse(out.join())).toMatchObject({
      ok: false,
      checks: [{ ok: false }, { ok: true }, { ok: true }, { check: 'admin token', ok: false }],
    })
  })
})
