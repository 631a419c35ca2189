import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADMIN_TOKEN } from '../routes/admin/helper.ts'
import { aFolder, aGateway, nowhere, run } from './helper.ts'

const PROGRAM = join(import.meta.dirname, '../../src/cli.ts')

describe('a wrong command line', () => {
  it.each([
    [[], 'which command?'],
    [['user'], 'there is no command "user"'],
    [['user', 'remove', 'ada'], 'there is no command "user remove"'],
    [['user', 'delete', 'ada'], 'needs --objects delete or --objects keep'],
    [['user', 'show'], '"user show" needs ID'],
    [['user', 'show', 'a', 'b'], 'does not know what to do with "b"'],
    [['user', 'list', '--grace', '1h'], 'has no option --grace'],
    [['user', 'list', '--nonsense'], '--nonsense'],
    [['user', 'list', '--url', 'ftp://x'], 'is not an address'],
    [['token', 'create', 'ada', '--name'], '--name'],
  ])('%j is told with exit code 2, before anything is sent', async (argv, message) => {
    const { code, out, err } = await run(argv)
    expect([code, out]).toEqual([2, []])
    expect(err).toContain(message)
  })

  it('is told in JSON when JSON is asked for', async () => {
    const { err } = await run('user show --json')
    expect(JSON.parse(err)).toEqual({ error: { code: 'usage', message: '"user show" needs ID' } })
  })
})

describe('help', () => {
  it('names every command', async () => {
    const { code, out } = await run('help')
    const words = [
      'user add',
      'user list',
      'user show',
      'user suspend',
      'user activate',
      'user delete',
      'objects',
      'objects delete',
      'token create',
      'token list',
      'token rotate',
      'plan add',
      'plan list',
      'plan show',
      'plan change',
      'plan remove',
      'limits [USER]',
      'limits set',
      'credit add',
      'credit take',
      'credit list',
      'credit balance',
      'credit code create',
      'credit code list',
      'credit code revoke',
    ]
    expect(code).toBe(0)
    for (const word of [...words, 'token revoke', 'usage', 'requests show', 'check-config', 'doctor']) {
      expect(out.join()).toContain(word)
    }
  })

  it('of a command names its arguments and options', async () => {
    const { code, out } = await run('token create --help')
    expect(code).toBe(0)
    expect(out.join()).toMatch(/token create USER[\s\S]*--expires-in DURATION/)
  })
})

describe('a gateway that cannot be used', () => {
  it('because nothing listens is told with its address and how to start it', async () => {
    const { env } = await aGateway()
    const { origin } = await nowhere()
    const { code, err } = await run(['user', 'list', '--url', origin], env)
    expect(code).toBe(1)
    expect(err).toContain(`No gateway answers at ${origin} (ECONNREFUSED). Start it with "npm start"`)
  })

  it('because the port is one that no web client may use is told so', async () => {
    const { err } = await run('user list', { ADMIN_TOKEN, ADMIN_PORT: '6666' })
    expect(err).toContain('No gateway answers at http://127.0.0.1:6666 (bad port)')
  })

  it('because the token is wrong is told with where the token was found', async () => {
    const { env } = await aGateway()
    const file = join(aFolder(), 'token')
    writeFileSync(file, 'another-admin-token-0123456789-0123456789')
    const { code, err } = await run(['user', 'list', '--admin-token-file', file], env)
    expect(code).toBe(1)
    expect(err).toContain(`The token was read from ${file}`)
    expect(err).not.toContain('another-admin-token')
  })

  it('because there is no token is told with where it was looked for', async () => {
    const { env } = await aGateway()
    const { ADMIN_TOKEN: _, ...without } = env
    const { code, err } = await run('user list', without)
    expect(code).toBe(1)
    expect(err).toContain(join(env.DATA_DIR, 'admin-token'))
  })

  it('because something else listens is told as such, and gets the token only once', async () => {
    let requests = 0
    const server = createServer((_request, response) => {
      requests++
      response.writeHead(requests === 1 ? 302 : 200, { location: '/' }).end('hello')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const first = await run('user list', { ADMIN_PORT: port, ADMIN_TOKEN })
    expect([first.code, requests]).toEqual([1, 1])
    const second = await run('user list', { ADMIN_PORT: port, ADMIN_TOKEN })
    expect(second.err).toContain('is not the admin API of a gateway (HTTP 200)')
  })
})

describe('the admin token', () => {
  it.each<[string, (file: string, folder: string) => [argv: string[], env: Record<string, string>]]>([
    ['--admin-token-file', (file) => [['--admin-token-file', file], { ADMIN_TOKEN: 'x'.repeat(40) }]],
    ['ADMIN_TOKEN', () => [[], { ADMIN_TOKEN }]],
    ['ADMIN_TOKEN_FILE', (file) => [[], { ADMIN_TOKEN_FILE: file }]],
    ['DATA_DIR', (_, folder) => [[], { DATA_DIR: folder }]],
  ])('is taken from %s', async (_, given) => {
    const { url } = await aGateway()
    const folder = aFolder()
    const file = join(folder, 'admin-token')
    writeFileSync(file, `${ADMIN_TOKEN}\n`)
    const [argv, env] = given(file, folder)
    expect((await run(['user', 'list', '--url', url.href, ...argv], env)).code).toBe(0)
  })

  it('is warned about when it travels unencrypted to another machine', async () => {
    const { err } = await run('user list --url http://gateway.invalid:8081', { ADMIN_TOKEN })
    expect(err).toMatch(/warning: the admin token travels unencrypted to gateway\.invalid:8081/)
  })
})

describe('the program', () => {
  it('can be called as it is', async () => {
    accessSync(PROGRAM, constants.X_OK)
    expect(execFileSync(process.execPath, [PROGRAM, 'help'], { encoding: 'utf8' })).toMatch(/^Usage: /)
  })

  it('says nothing when nobody reads what it prints', () => {
    const pipe = `"${process.execPath}" "${PROGRAM}" help | :`
    const { stdout, stderr } = spawnSync('sh', ['-c', pipe], { encoding: 'utf8' })
    expect([stdout, stderr]).toEqual(['', ''])
  })
})
