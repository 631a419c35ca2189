import { describe, expect, it } from 'vitest'
import { outcomeOf } from '../auth/helper.ts'
import { aGateway, run } from './helper.ts'

describe('token session', () => {
  it('prints the token alone on stdout, and on stderr what it may', async () => {
    const gateway = await aGateway()
    const parent = await gateway.house.tokens.create('ada')
    const options =
      '--expires-in 5m --operations chat.* --models a,b --sub eve --max-calls 3 --max-spend 0.5 --concurrency 2'
    const { code, out, err } = await run(`token session ada ${options}`, gateway.env)
    const [token = ''] = out
    expect([code, out.length]).toEqual([0, 1])
    expect(await outcomeOf(() => gateway.house.authenticator.authenticate(token))).toBe('ada')
    expect(err).not.toContain(token)
    for (const part of [
      parent.id,
      'for eve',
      'chat.*',
      'a, b',
      '3 calls',
      '0.5/total',
      'concurrency 2',
      'until 2026',
    ]) {
      expect(err).toContain(part)
    }
  })

  it('of a token that is named, by its id or as itself', async () => {
    const { env, house } = await aGateway()
    const old = await house.tokens.create('ada')
    house.clock.move(1)
    await house.tokens.create('ada')
    for (const name of [old.id, old.token]) {
      const { out } = await run(`token session ada --token ${name} --json`, env)
      expect(JSON.parse(out.join())).toMatchObject({ user_id: 'ada', parent: old.id, sub: null })
    }
  })

  it.each([
    ['token session ada', 1, 'Issue one first'],
    ['token session nobody', 1, 'There is no such user.'],
    ['token session ada --max-calls 0', 2, '--max-calls needs a whole number'],
    ['token session ada --operations chat.*,', 2, '--operations has an empty item'],
    ['token session', 2, 'needs USER'],
  ])('%s says what is wrong', async (line, code, words) => {
    const { env } = await aGateway()
    const done = await run(line, env)
    expect([done.code, done.out]).toEqual([code, []])
    expect(done.err).toContain(words)
  })
})
