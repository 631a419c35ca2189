import { describe, expect, it } from 'vitest'
import { aGateway, run } from './helper.ts'

async function anOperator(options = '--role operator') {
  const { env, ...gateway } = await aGateway()
  const { out, err } = await run(`operator create ann ${options}`, env)
  const token = out.join()
  return { ...gateway, env, err, token, id: token.split('_')[1] ?? '', asAnn: { ...env, ADMIN_TOKEN: token } }
}

describe('operator', () => {
  it('create prints the token alone, which works in its role', async () => {
    const { token, err, asAnn, id } = await anOperator('--role operator --cidrs 127.0.0.0/8,fd00::/8')
    expect(token).toMatch(/^mmgo_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/)
    expect(err).toContain(
      `Admin token ${id} of ann: operator; from 127.0.0.0/8, fd00::/8; until it is revoked.`,
    )
    expect((await run('operator me', asAnn)).out).toEqual([`${id}\tann\toperator`])
    expect((await run('user add bob', asAnn)).code).toBe(0)
  })

  it('list prints all of them, without a token', async () => {
    const { env, id, token } = await anOperator('--role read-only --expires-in 1h')
    const { out } = await run('operator list', env)
    expect(out[1]?.split('\t')).toEqual([
      id,
      'ann',
      'read-only',
      'active',
      'anywhere',
      '2026-01-01T01:00:00.000Z',
      'never',
      '2026-01-01T00:00:00.000Z',
    ])
    expect(out.join()).not.toContain(token)
  })

  it('revoke takes the id or the whole token, and ends it at once', async () => {
    const { env, token, asAnn, id } = await anOperator()
    expect((await run('operator me', asAnn)).code).toBe(0)
    expect((await run(`operator revoke ${token}`, env)).err).toContain(
      `Admin token ${id} of ann is revoked since`,
    )
    expect((await run('operator me', asAnn)).code).toBe(1)
  })

  it('rotate prints the new token alone', async () => {
    const { env, id, asAnn } = await anOperator()
    const { out } = await run(`operator rotate ${id} --grace 1h`, env)
    expect(out).toHaveLength(1)
    expect((await run('operator me', { ...env, ADMIN_TOKEN: out.join() })).code).toBe(0)
    expect((await run('operator me', asAnn)).code).toBe(0)
  })

  it.each([
    ['operator create ann', 2, 'needs --role ROLE'],
    ['operator create ann --role king', 1, 'One of owner, operator, read-only, metrics'],
    ['operator create ann --role operator --cidrs x', 1, 'The field "cidrs[0]" is not a network'],
    ['operator revoke 000000000000', 1, 'There is no such operator.'],
    ['operator', 2, 'there is no command "operator"'],
  ])('%s says what is wrong', async (line, code, message) => {
    const { env } = await aGateway()
    const result = await run(line, env)
    expect([result.code, result.out]).toEqual([code, []])
    expect(result.err).toContain(message)
  })

  it('says what a role does not allow', async () => {
    const { asAnn } = await anOperator()
    const { code, err } = await run('operator list', asAnn)
    expect([code, err]).toEqual([1, 'error: The role of this admin token does not allow that.'])
  })
})

describe('audit', () => {
  it('lists who did what to what, and what is different', async () => {
    const { env, asAnn, id } = await anOperator()
    await run('user set ada --name Ada', asAnn)
    const { out } = await run(['audit', '--target', 'user ada'], env)
    expect(out.slice(1).map((row) => row.split('\t'))).toEqual([
      [
        '2026-01-01T00:00:00.000Z',
        id,
        'ann',
        '127.0.0.1',
        'changeUser',
        'user ada',
        'done',
        '{"name":null} → {"name":"Ada"}',
      ],
    ])
  })

  it.each([
    ['--operator owner', 1],
    ['--operator ANN', 1],
    ['--action changeUser', 1],
    ['--action addUser', 0],
    ['--from 2026-01-01', 2],
    ['--to 2026-01-01', 0],
    ['--limit 1', 1],
  ])('%s filters it', async (options, count) => {
    const { env, asAnn, token } = await anOperator()
    await run('user set ada --name Ada', asAnn)
    const { out } = await run(`audit ${options.replace('ANN', token)} --json`, env)
    expect(JSON.parse(out.join())).toMatchObject({ items: { length: count } })
  })
})
