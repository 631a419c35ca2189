import { describe, expect, it } from 'vitest'
import { aGateway, run } from './helper.ts'

describe('credit', () => {
  it('add and take say the new balance, and balance prints what is available', async () => {
    const { env } = await aGateway()
    const added = await run(['credit', 'add', 'ada', '5.00', '--reason', 'order 17'], env)
    expect(added).toEqual({ code: 0, out: [], err: 'ada: 5 USD; the balance is 5.' })
    expect((await run('credit take ada 1.5 --reason slip', env)).err).toBe(
      'ada: -1.5 USD; the balance is 3.5.',
    )
    expect(await run('credit balance ada', env)).toEqual({
      code: 0,
      out: ['3.5'],
      err: 'USD, of a balance of 3.5 with 0 held.',
    })
    expect(JSON.parse((await run('credit balance ada --json', env)).out.join())).toEqual({
      balance: '3.5',
      held: '0',
      available: '3.5',
      currency: 'USD',
    })
  })

  it('list prints every change with its reason', async () => {
    const { env } = await aGateway()
    await run('credit add ada 5 --reason one --id order-1', env)
    const { out } = await run('credit list ada', env)
    expect(out[1]).toBe('2026-01-01T00:00:00.000Z\tgiven:ada:order-1\tgrant\t5\tone')
  })

  it('add with an id is made once', async () => {
    const { env } = await aGateway()
    await run('credit add ada 5 --reason one --id order-1', env)
    expect((await run('credit add ada 5 --reason one --id order-1', env)).code).toBe(1)
    expect((await run('credit balance ada', env)).out).toEqual(['5'])
  })

  it('code create prints the codes alone, which users can redeem and the operator revoke', async () => {
    const { env, limits } = await aGateway()
    const { out } = await run('credit code create 5 --count 2 --uses 3 --expires-in 30d --reason fair', env)
    expect(out).toHaveLength(2)
    const [first = '', second = ''] = out
    await limits.credit.redeem('ada', first)
    expect((await run(['credit', 'code', 'revoke', second], env)).err).toContain(
      'is revoked; it was used 0 of 3',
    )
    const listed = (await run('credit code list', env)).out.join('\n')
    expect(listed).toContain(`${first.slice(5, 14)}\t5\t1\t3\tactive\t2026-01-31T00:00:00.000Z`)
    expect(listed).toContain(`${second.slice(5, 14)}\t5\t0\t3\trevoked`)
    expect(listed).not.toContain(first)
  })

  it.each([
    ['credit add ada', 2, 'needs AMOUNT'],
    ['credit add ada 5', 2, '"credit add" needs --reason TEXT'],
    ['credit add ada five --reason x', 2, '"five" is no amount'],
    ['credit code create 5 --uses 0', 2, '--uses needs a whole number'],
    ['credit code create 5 --expires-in soon', 1, '"expires_in" is not a duration'],
    ['credit code revoke nonsense', 1, 'Code id'],
    ['credit code revoke 0000-0000', 1, 'There is no such code.'],
    ['credit balance nobody', 1, 'There is no such user.'],
    ['credit code', 2, 'there is no command "credit code"'],
  ])('%s says what is wrong', async (line, code, message) => {
    const { env } = await aGateway()
    const result = await run(line, env)
    expect([result.code, result.out]).toEqual([code, []])
    expect(result.err).toContain(message)
  })
})
