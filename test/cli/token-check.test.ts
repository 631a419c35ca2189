import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { newToken } from '../../src/auth/token.ts'
import { base62FromInteger } from '../../src/lib/ids.ts'
import { aFolder, aGateway, nowhere, run } from './helper.ts'

/** An environment that leads to no gateway. */
const alone = () => ({ DATA_DIR: aFolder() })

async function runWith(input: readonly (string | Buffer)[], line: string, env: Record<string, string>) {
  const out: string[] = []
  const err: string[] = []
  async function* pieces() {
    for (const piece of input) yield Buffer.from(piece)
  }
  const code = await main(line.split(' '), {
    env,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    isTerminal: false,
    input: pieces(),
  })
  return { code, out, err: err.join('\n') }
}

describe('token check', () => {
  it('finds nothing in a text without tokens', async () => {
    const { code, out, err } = await run(['token', 'check', 'mmg_ is how they begin'], alone())
    expect([code, out, err]).toEqual([0, [], 'No token was found.'])
  })

  it('says of what it found all but the secret', async () => {
    const { id, text } = newToken('mmg')
    const { code, out, err } = await run(['token', 'check', `key=${text}`], alone())
    expect([code, out[1]]).toEqual([1, `text:1:5\tserver\tmmg_${id}_***\tholds\tnot asked\t-`])
    expect(err).toContain('Nobody was asked whether tokens live')
    expect(out.join() + err).not.toContain(text.slice(17, 40))
  })

  it('ends with 0 when what it found cannot be a token', async () => {
    const { text } = newToken('mmg')
    const broken = text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')
    const { code, out } = await run(['token', 'check', broken, '--offline', '--json'], alone())
    expect(code).toBe(0)
    expect(JSON.parse(out.join())).toMatchObject({
      items: [{ checksum: false, status: 'not asked' }],
      more: 0,
    })
  })

  it('reads stdin however it comes', async () => {
    const { text } = newToken('mmg')
    const pieces = Array.from(`a\nb ${text}\n`)
    for (const line of ['token check - --offline', 'token check --offline']) {
      const { code, out } = await runWith(pieces, line, alone())
      expect([code, out[1]?.split('\t')[0]]).toEqual([1, 'stdin:2:3'])
    }
  })

  it('reads files and folders, binary ones and those of UTF-16 too, but no packed history', async () => {
    const folder = aFolder()
    const { text } = newToken('mmg')
    mkdirSync(join(folder, 'sub'))
    mkdirSync(join(folder, '.git'))
    writeFileSync(join(folder, '.git', 'x'), text)
    writeFileSync(
      join(folder, 'a,b.bin'),
      Buffer.concat([Buffer.alloc(200_000, 0xff), Buffer.from(` ${text}\0`)]),
    )
    writeFileSync(join(folder, 'sub', 'utf16.log'), `\ufeff${text}`, 'utf16le')
    const { code, out } = await run(['token', 'check', '--file', folder, '--offline', '--json'], alone())
    expect(code).toBe(1)
    expect(JSON.parse(out.join())).toMatchObject({
      items: [
        { source: join(folder, 'a,b.bin'), column: 200_002 },
        { source: join(folder, 'sub', 'utf16.log'), line: 1 },
      ],
    })
    const two = ['--file', join(folder, 'a,b.bin'), '--file', join(folder, 'sub')]
    expect((await run(['token', 'check', ...two, '--offline'], alone())).out).toHaveLength(3)
  })

  it('asks the gateway which live and whose they are', async () => {
    const { env, house } = await aGateway()
    const [live, dead] = [await house.tokens.create('ada'), await house.tokens.create('ada')]
    await house.tokens.revoke(dead.id)
    const found = await run(['token', 'check', `${live.token} ${dead.token} ${newToken('mmg').text}`], env)
    expect(found.code).toBe(1)
    expect(found.out.slice(1).map((line) => line.split('\t').slice(4))).toEqual([
      ['live', 'ada'],
      ['token_revoked', 'ada'],
      ['unknown', '-'],
    ])
    expect((await run(['token', 'check', dead.token], env)).code).toBe(0)
    expect((await house.tokens.get(live.id)).lastUsedAt).toBeNull()
  })

  it('revokes what lives, and nothing that only bears the id of what lives', async () => {
    const { env, house } = await aGateway()
    const [leaked, kept] = [await house.tokens.create('ada'), await house.tokens.create('ada')]
    const forged = newTokenWithId(kept.id)
    const { code, out } = await run(['token', 'check', `${leaked.token} ${forged}`, '--revoke'], env)
    expect([code, out[1]?.split('\t')[4], out[2]?.split('\t')[4]]).toEqual([1, 'revoked now', 'unknown'])
    expect((await house.tokens.get(leaked.id)).revokedAt).not.toBeNull()
    expect((await house.tokens.get(kept.id)).revokedAt).toBeNull()
  })

  it.each<[string, (env: Record<string, string>) => Promise<readonly string[]>]>([
    ['a file that is not there', async () => ['--file', '/nowhere/at/all']],
    [
      'a gateway that must be asked and does not answer',
      async () => [newToken('mmg').text, '--url', (await nowhere()).href],
    ],
    ['a prefix that is none', async () => ['x', '--prefix', 'A*']],
    ['a text and a file', async () => ['x', '--file', '/dev/null']],
  ])('ends with 2 on %s', async (_, more) => {
    const env = { ...alone(), ADMIN_TOKEN: 'x'.repeat(40) }
    expect((await run(['token', 'check', ...(await more(env))], env)).code).toBe(2)
  })

  it('takes the prefix of the settings, or of the command line', async () => {
    const { text } = newToken('acme')
    expect((await run(['token', 'check', text], { ...alone(), TOKEN_PREFIX: 'acme' })).code).toBe(1)
    expect((await run(['token', 'check', text, '--prefix', 'acme', '--offline'], alone())).code).toBe(1)
    expect((await run(['token', 'check', text, '--offline'], alone())).code).toBe(0)
  })
})

/** A token of which the checksum holds, with an id that somebody has. */
function newTokenWithId(id: string): string {
  // Only the whole of it is checked, so that the checksum has to be found again.
  const body = `mmg_${id}_${newToken('mmg').text.slice(17, 60)}`
  return body + checksumOf(body)
}

function checksumOf(body: string): string {
  return base62FromInteger(crc32(body), 6)
}
