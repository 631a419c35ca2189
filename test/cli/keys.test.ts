import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { ADMIN_TOKEN, MASTER_KEY, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { aFolder } from './helper.ts'

const SECOND = `${MASTER_KEY}-second`

async function runWith(gateway: TestGateway, line: string, input?: string) {
  const out: string[] = []
  const err: string[] = []
  const { hostname, port } = new URL(gateway.adminUrl)
  const code = await main(line.split(' '), {
    env: {
      ADMIN_HOST: hostname,
      ADMIN_PORT: port,
      ADMIN_TOKEN,
      MINIMAX_API_KEY: MASTER_KEY,
      MINIMAX_API_KEYS: 'bad@acme=sk-not-known-to-minimax',
      MINIMAX_BASE_URL: gateway.emulator.url,
      DATA_DIR: aFolder(),
    },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    isTerminal: false,
    ...(input !== undefined && { input: bytes(input) }),
  })
  const printed = [...out, ...err].join('\n')
  expect(printed).not.toContain(MASTER_KEY)
  return { code, out, err: err.join('\n') }
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

it('keys are added from stdin, replaced from a file, taken out of use, and removed', async () => {
  await using gateway = await startGateway({ env: { KEY_ENCRYPTION_KEY: randomBytes(32).toString('hex') } })
  expect(await runWith(gateway, 'keys add spare --account acme --weight 3', `${SECOND}\n`)).toMatchObject({
    code: 0,
    err: 'spare of account acme is added (usable, weight 3).',
  })
  const file = join(aFolder(), 'key')
  writeFileSync(file, MASTER_KEY)
  expect((await runWith(gateway, `keys rotate spare --key-file ${file}`)).code).toBe(0)
  expect((await runWith(gateway, 'keys disable spare')).err).toContain('is out of use (disabled')
  expect((await runWith(gateway, 'keys enable spare')).err).toContain('is in use (usable')
  expect((await runWith(gateway, 'keys weigh spare --weight 7')).err).toContain('weight 7')
  expect((await runWith(gateway, 'keys reseal')).err).toContain('0 key(s)')
  const { out } = await runWith(gateway, 'keys list')
  expect(out.map((line) => line.split('\t').slice(0, 5))).toEqual([
    ['NAME', 'ACCOUNT', 'WEIGHT', 'SOURCE', 'STATE'],
    ['default', 'default', '1', 'setting', 'usable'],
    ['spare', 'acme', '7', 'stored', 'usable'],
  ])
  expect((await runWith(gateway, 'keys remove spare')).code).toBe(0)
  expect((await runWith(gateway, 'keys remove spare')).code).toBe(1)
})

it('a key is never taken from the command line', async () => {
  await using gateway = await startGateway()
  expect(await runWith(gateway, 'keys add spare sk-on-the-command-line')).toMatchObject({ code: 2 })
  expect(await runWith(gateway, 'keys add spare')).toMatchObject({ code: 2 })
  expect(await runWith(gateway, 'keys add spare', '  ')).toMatchObject({ code: 1 })
})

it('doctor asks MiniMax about each key, and says in our words what is wrong', async () => {
  await using gateway = await startGateway()
  const { code, out } = await runWith(gateway, 'doctor')
  expect(code).toBe(1)
  expect(out.filter((line) => line.includes('upstream key'))).toEqual([
    'ok    upstream key default: of account default works',
    "FAIL  upstream key bad: of account acme is not accepted by MiniMax (code 2049). Check it in MiniMax's console, or replace it",
  ])
})
