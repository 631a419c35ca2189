import { describe, expect, it } from 'vitest'
import { aGateway, run } from './helper.ts'

describe('plan', () => {
  it('add prints the id, show and list print the plan', async () => {
    const { env, limits } = await aGateway()
    const line =
      'plan add pro --name Pro --multiplier 0.4 --operations chat.* --prepaid --free-credit 5 --concurrency 3 --budget 10/month'
    const added = await run(line, env)
    expect([added.code, added.out]).toEqual([0, ['pro']])
    expect(await limits.plans.get('pro')).toMatchObject({
      name: 'Pro',
      multiplier: '0.4',
      operations: ['chat.*'],
      models: null,
      prepaid: true,
      freeCredit: 5_000_000_000n,
      limits: { concurrency: 3, budgets: [{ amount: 10_000_000_000n, period: 'month', hard: true }] },
    })
    const row = 'pro\tPro\t0.4\tyes\t5\tchat.*\tall\tconcurrency 3, 10/month'
    expect((await run('plan list', env)).out[1]).toBe(row)
    expect((await run('plan show pro', env)).out[1]).toBe(row)
    expect(JSON.parse((await run('plan list --json', env)).out.join())).toMatchObject({
      items: [{ id: 'pro' }],
    })
  })

  it('change leaves what is not named, and takes away what is "none"', async () => {
    const { env, limits } = await aGateway()
    await run(
      'plan add pro --multiplier 0.4 --operations chat.* --prepaid --concurrency 3 --budget 1/day',
      env,
    )
    const { err } = await run(
      'plan change pro --operations none --multiplier none --prepaid no --budget plan --tokens-per-minute 9',
      env,
    )
    expect(err).toBe('pro is changed. Limits: tokens_per_minute 9, concurrency 3.')
    expect(await limits.plans.get('pro')).toMatchObject({
      multiplier: null,
      operations: null,
      prepaid: false,
      limits: { concurrency: 3, tokensPerMinute: 9 },
    })
  })

  it('remove takes out a plan that no user has', async () => {
    const { env } = await aGateway()
    await run('plan add pro', env)
    await run('user set ada --plan pro', env)
    expect(await run('plan remove pro', env)).toMatchObject({
      code: 1,
      err: expect.stringContaining('There are users with this plan.') as string,
    })
    await run('user set ada --plan none', env)
    expect(await run('plan remove pro', env)).toEqual({ code: 0, out: [], err: 'pro is removed.' })
  })

  it.each([
    ['plan change pro', 2, 'needs something to change'],
    ['plan change pro --name x', 1, 'There is no such plan.'],
    ['plan add a/b', 1, 'Plan id'],
    ['plan add x --operations chat.natve', 1, 'There is no such operation.'],
    ['plan add x --free-credit 1e3', 1, 'a text as "5.00"'],
    ['plan add x --budget 5/year', 2, 'is no period'],
  ])('%s says what is wrong', async (line, code, message) => {
    const { env } = await aGateway()
    const result = await run(line, env)
    expect([result.code, result.out]).toEqual([code, []])
    expect(result.err).toContain(message)
  })
})
