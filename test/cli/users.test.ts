import { describe, expect, it } from 'vitest'
import { aGateway, run } from './helper.ts'

describe('user', () => {
  it('add prints the id alone on stdout', async () => {
    const { env, house } = await aGateway()
    const added = await run(
      ['user', 'add', 'grace', '--name', 'Grace Hopper', '--email', 'g@example.com', '--plan', 'pro'],
      env,
    )
    expect([added.code, added.out]).toEqual([0, ['grace']])
    expect(await house.users.get('grace')).toMatchObject({
      name: 'Grace Hopper',
      email: 'g@example.com',
      plan: 'pro',
    })
  })

  it('add makes an id when only a name is given', async () => {
    const { env } = await aGateway()
    expect((await run('user add --name Grace', env)).out.join()).toMatch(/^usr_[0-9A-Za-z]{16}$/)
  })

  it('list prints every user, beyond one page too, separated by tabs for a program', async () => {
    const { env, house } = await aGateway()
    for (let index = 0; index < 1001; index++) await house.users.add({ id: `u${index}` })
    const { out } = await run('user list', env)
    expect(out).toHaveLength(1003)
    expect(out.slice(0, 2)).toEqual([
      'ID\tNAME\tEMAIL\tPLAN\tMULTIPLIER\tPREPAID\tLIMITS\tSTATUS\tCREATED',
      'ada\t-\t-\t-\t-\t-\t-\tactive\t2026-01-01T00:00:00.000Z',
    ])
  })

  it('list prints columns in a terminal', async () => {
    const { env } = await aGateway()
    const { out } = await run('user list --status active', env, true)
    expect(out).toEqual([
      'ID   NAME  EMAIL  PLAN  MULTIPLIER  PREPAID  LIMITS  STATUS  CREATED',
      'ada  -     -      -     -           -        -       active  2026-01-01T00:00:00.000Z',
    ])
  })

  it('list --status shows only those', async () => {
    const { env } = await aGateway()
    expect((await run('user list --status suspended --json', env)).out).toEqual(['{"items":[]}'])
  })

  it('add takes a multiplier, and set changes it', async () => {
    const { env, house } = await aGateway()
    await run('user add grace --multiplier 0.4', env)
    expect(await house.users.get('grace')).toMatchObject({ multiplier: '0.4', plan: null })
    expect(await run('user set grace --multiplier 1.25 --plan pro', env)).toEqual({
      code: 0,
      out: [],
      err: 'grace: plan is pro, multiplier is 1.25.',
    })
    expect(await house.users.get('grace')).toMatchObject({ multiplier: '1.25', plan: 'pro' })
    const json = await run('user set grace --multiplier none --json', env)
    expect(json.out.join()).toContain('"multiplier":null')
    expect(await house.users.get('grace')).toMatchObject({ multiplier: null, plan: 'pro' })
  })

  it.each([
    ['user set ada', 2, /needs --name, --email, --plan, --multiplier or --prepaid/],
    ['user set ada --status active', 2, /has no option --status/],
    ['user set ada --multiplier 1e3', 1, /as "0.4", from 0 to 1000000/],
    ['user set nobody --multiplier 1', 1, /no such user/],
  ])('%s says what is wrong', async (line, code, expected) => {
    const { env } = await aGateway()
    expect(await run(line, env)).toMatchObject({
      code,
      out: [],
      err: expect.stringMatching(expected) as unknown,
    })
  })

  it('suspend and activate change the status', async () => {
    const { env, house } = await aGateway()
    expect(await run('user suspend ada', env)).toEqual({ code: 0, out: [], err: 'ada is suspended.' })
    expect((await house.users.get('ada')).status).toBe('suspended')
    expect((await run('user activate ada --json', env)).out.join()).toContain('"status":"active"')
  })

  it('show prints one user, and says when there is none', async () => {
    const { env } = await aGateway()
    expect((await run('user show ada --json', env)).out.join()).toContain('"id":"ada"')
    expect(await run('user show nobody', env)).toEqual({
      code: 1,
      out: [],
      err: 'error: There is no such user.',
    })
  })
})
