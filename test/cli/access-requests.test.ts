import { describe, expect, it } from 'vitest'
import { aGateway, run } from './helper.ts'

/** A gateway with a request for access in it, and its id. */
async function aRequest(note: string | null = null) {
  const { env, house, access } = await aGateway()
  const id = await access.ask('eve@example.com', note)
  return { env, house, access, id }
}

describe('access', () => {
  it('lists and shows requests, whose words drive no terminal', async () => {
    const { env, id, house } = await aRequest('\u001b[2J<b>')
    await house.users.update('ada', { email: 'eve@example.com' })
    const listed = await run('access list --state pending', env)
    expect([listed.code, listed.out.slice(1)]).toEqual([
      0,
      [expect.stringMatching(`^${id}\teve@example.com\tpending\tsent\t`)],
    ])
    expect(listed.out.join('')).not.toContain('\u001b')
    expect((await run('access list --state expired', env)).out).toHaveLength(1)
    const shown = await run(`access show ${id}`, env)
    expect(shown.err).toContain('The user ada has this address already.')
    const { out } = await run(`access show ${id} --json`, env)
    expect(JSON.parse(out.join(''))).toMatchObject({ id, user_with_email: 'ada' })
  })

  it('approve sends a mail and prints nothing, or prints the link alone', async () => {
    const { env, id, access } = await aRequest()
    const mailed = await run(`access approve ${id} --user eve --expires-in 30d --budget 5.00/day`, env)
    expect([mailed.code, mailed.out]).toEqual([0, []])
    expect(mailed.err).toContain('eve@example.com is the user eve.')
    const printed = await run(`access resend ${id} --no-mail`, env)
    expect(printed.out).toEqual([
      expect.stringMatching(/\/gateway\/v1\/access-requests\/claim#[0-9A-Za-z]{43}$/),
    ])
    expect(await access.access.claim(printed.out[0]?.split('#')[1] ?? '')).toMatchObject({
      result: 'claimed',
    })
    const again = await run(`access resend ${id}`, env)
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('token create eve')])
  })

  it('reject says so', async () => {
    const { env, id } = await aRequest()
    expect(await run(['access', 'reject', id, '--reason', 'not known'], env)).toMatchObject({
      code: 0,
      err: `${id} is rejected.`,
    })
    expect((await run(`access approve ${id}`, env)).code).toBe(1)
    expect((await run('access reject acr_0000000000000000', env)).err).toContain('There is no such request')
  })
})
