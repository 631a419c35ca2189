import { describe, expect, it } from 'vitest'
import { budgetFrom } from '../../src/cli/limit-options.ts'
import { aGateway, run } from './helper.ts'

type Gateway = Awaited<ReturnType<typeof aGateway>>

const limitsOf = async ({ house }: Gateway) => (await house.users.get('ada')).limits

describe('limits', () => {
  it('set changes what is named and leaves the rest', async () => {
    const gateway = await aGateway()
    const { env } = gateway
    await run('limits set ada --requests-per-minute 60 --budget 5.00/day --budget images:100/month:soft', env)
    expect(await limitsOf(gateway)).toEqual({
      requestsPerMinute: 60,
      budgets: [
        { amount: 5_000_000_000n, period: 'day', hard: true },
        { unit: 'images', quantity: 100, period: 'month', hard: false },
      ],
    })
    const { err } = await run('limits set ada --requests-per-minute none --concurrency 2 --budget plan', env)
    expect(err).toBe('ada: requests_per_minute none, concurrency 2.')
    expect(await limitsOf(gateway)).toEqual({ requestsPerMinute: null, concurrency: 2 })
    await run('limits set ada --requests-per-minute plan --concurrency plan', env)
    expect(await limitsOf(gateway)).toBeNull()
  })

  it('set --model changes the rates of one model', async () => {
    const gateway = await aGateway()
    await run('limits set ada --concurrency 5', gateway.env)
    await run('limits set ada --model MiniMax-M2.5 --requests-per-minute 10', gateway.env)
    await run('limits set ada --model image-01 --concurrency 1', gateway.env)
    expect(await limitsOf(gateway)).toEqual({
      concurrency: 5,
      models: { 'MiniMax-M2.5': { requestsPerMinute: 10 }, 'image-01': { concurrency: 1 } },
    })
    await run('limits set ada --model MiniMax-M2.5 --requests-per-minute plan', gateway.env)
    expect(await limitsOf(gateway)).toEqual({ concurrency: 5, models: { 'image-01': { concurrency: 1 } } })
  })

  it('set --token changes those of a token, from its next request on', async () => {
    const { env, house } = await aGateway()
    const { id, token } = await house.tokens.create('ada', { limits: { concurrency: 1 } })
    const limited = async () => (await house.authenticator.authenticate(token)).limited
    expect(await limited()).toMatchObject([{ kind: 'token', limits: { concurrency: 1 } }])
    const { err } = await run(['limits', 'set', '--token', token, '--requests-per-minute', '9'], env)
    expect(err).toBe(`${id}: requests_per_minute 9, concurrency 1.`)
    expect(await limited()).toMatchObject([{ limits: { concurrency: 1, requestsPerMinute: 9 } }])
    const lifted = ['--requests-per-minute', 'plan', '--concurrency', 'plan', '--json']
    const { out } = await run(['limits', 'set', '--token', id, ...lifted], env)
    expect(JSON.parse(out.join())).toMatchObject({ id, limits: null })
    expect(await limited()).toEqual([])
  })

  it('are taken when a user is added and a token is made', async () => {
    const { env, house } = await aGateway()
    await run('user add grace --prepaid --budget 1/total', env)
    expect(await house.users.get('grace')).toMatchObject({
      prepaid: true,
      limits: { budgets: [{ amount: 1_000_000_000n, period: 'total', hard: true }] },
    })
    const { err } = await run('token create grace --concurrency 2', env)
    expect(err).toContain('concurrency 2')
    expect((await house.store.tokens.list({ limit: 9 })).items[0]?.limits).toEqual({ concurrency: 2 })
  })

  it('prints how they stand', async () => {
    const { env } = await aGateway()
    await run(
      'limits set ada --requests-per-minute 60 --concurrency 2 --budget 5/day --budget images:9/total:soft',
      env,
    )
    const { out } = await run('limits ada', env)
    expect(out).toEqual([
      'OF\tLIMIT\tMODEL\tMOST\tUSED\tHELD\tLEFT\tRESETS',
      'user\trequests_per_minute\t-\t60\t0\t-\t60\t2026-01-01T00:00:00.000Z',
      'user\tconcurrency\t-\t2\t0\t-\t2\t-',
      'user\tUSD/day\t-\t5\t0\t0\t5\t2026-01-02T00:00:00.000Z',
      'user\timages/total:soft\t-\t9\t0\t0\t9\tnever',
    ])
    expect(JSON.parse((await run('limits ada --json', env)).out.join())).toMatchObject({ credit: null })
  })

  it('prints those of a token by its id, or by the token itself', async () => {
    const { env, house } = await aGateway()
    const { id, token } = await house.tokens.create('ada', { limits: { concurrency: 1 } })
    for (const named of [id, token]) {
      expect((await run(['limits', '--token', named], env)).out[1]).toBe(
        'token\tconcurrency\t-\t1\t0\t-\t1\t-',
      )
    }
  })

  it.each([
    ['limits', 'needs a USER, or --token ID'],
    ['limits ada --token x', 'and not both'],
    ['limits set ada', 'needs a limit'],
    ['limits set --concurrency 1', '"limits set" needs a USER, or --token ID'],
    ['limits set ada --token x --concurrency 1', 'and not both'],
    ['limits set ada --requests-per-minute 0', '--requests-per-minute needs a whole number of at least 1'],
    ['limits set ada --concurrency many', 'not "many"'],
    ['limits set ada --concurrency 9999999999', 'concurrency is out of range'],
    ['limits set ada --model m', '--model needs a rate'],
    ['limits set ada --model m --budget 5/day', '--model takes'],
    ['limits set ada --budget 5', 'it needs one "/" before its period'],
    ['limits set ada --budget 5/week', '"week" is no period: hour, day, month, total'],
    ['limits set ada --budget five/day', '"five" is no amount of money'],
    ['limits set ada --budget pictures:5/day', '"pictures" is no unit'],
    ['limits set ada --budget images:x/day', '"x" is no quantity'],
    ['limits set ada --budget images:5/day:soon', 'may stand ":soft" or ":hard" alone'],
    ['limits set ada --budget 5/day,', 'it needs one "/"'],
    ['user add x --prepaid=maybe', '--prepaid is yes, no or none'],
  ])('%s names the mistake before anything is sent', async (line, message) => {
    const { code, out, err } = await run(line)
    expect([code, out]).toEqual([2, []])
    expect(err).toContain(message)
  })

  it('a budget is hard unless it says soft', () => {
    expect(budgetFrom('video_seconds:7.5/hour')).toEqual({
      unit: 'video_seconds',
      quantity: 7.5,
      period: 'hour',
      hard: true,
    })
    expect(budgetFrom('0.25/month:soft')).toEqual({ amount: '0.25', period: 'month', hard: false })
  })
})
