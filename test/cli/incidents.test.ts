import { describe, expect, it } from 'vitest'
import { aGateway, run } from './helper.ts'

/** A gateway in which a token of `ada` was suspended. */
async function anIncident() {
  const gateway = await aGateway()
  const { id: tokenId, token } = await gateway.house.tokens.create('ada')
  const id = await gateway.abuse.finds(tokenId, 'ada', 'volume_envelope', 'distinct_sources')
  return { ...gateway, tokenId, token, id }
}

describe('incidents', () => {
  it('lists them in columns', async () => {
    const { env, id, tokenId } = await anIncident()
    const { code, out } = await run('incidents', env)
    expect(code).toBe(0)
    expect(out[1]?.split('\t')).toEqual([
      '2026-01-01T00:00:00.000Z',
      id,
      'ada',
      tokenId,
      'open',
      'distinct_sources',
      'suspend',
      'suspend',
      expect.stringMatching(/^\d\.\d\d$/) as string,
      '2026-01-01T00:00:00.000Z',
    ])
  })

  it.each([
    ['--user ada', 1],
    ['--user eve', 0],
    ['--token TOKEN', 1],
    ['--state open --signal distinct_sources', 1],
    ['--state closed', 0],
    ['--limit 1', 1],
  ])('%s filters them', async (options, count) => {
    const { env, token } = await anIncident()
    const { out } = await run(`incidents ${options.replace('TOKEN', token)} --json`, env)
    expect(JSON.parse(out.join())).toMatchObject({ items: { length: count } })
  })

  it('show prints the evidence', async () => {
    const { env, id } = await anIncident()
    const { out, err } = await run(`incidents show ${id}`, env)
    expect(out.slice(2).map((row) => row.split('\t').slice(1))).toEqual([
      ['SIGNAL', 'FAMILY', 'STRENGTH', 'FACTS'],
      ['distinct_sources', 'identity', '1.00', 'count=7'],
      ['volume_envelope', 'volume', '1.00', 'count=7'],
    ])
    expect(err).toContain('Suspended before: 0 times.')
  })

  it('dismiss lets the token go on', async () => {
    const { env, id, house, token, tokenId } = await anIncident()
    const { err } = await run(['incidents', 'dismiss', id, '--reason', 'load test'], env)
    expect(err).toBe(`${id} is dismissed. Token ${tokenId} of user ada goes on as before.`)
    expect((await house.authenticator.authenticate(token)).tokenId).toBe(tokenId)
  })

  it('rotate prints the new token alone', async () => {
    const { env, id, house } = await anIncident()
    const { out } = await run(`incidents rotate ${id}`, env)
    expect(out).toHaveLength(1)
    expect((await house.authenticator.authenticate(out.join())).userId).toBe('ada')
  })

  it('exempt prints the id, exemptions lists it and unexempt ends it', async () => {
    const { env, token, tokenId } = await anIncident()
    const line = `incidents exempt --token ${token} --for 7d --signals off_hours,repetition --reason crawl`
    const made = await run(line, env)
    expect(made.err).toBe(
      `Exempt: token ${tokenId} from off_hours, repetition until 2026-01-08T00:00:00.000Z.`,
    )
    const id = made.out.join()
    expect((await run('incidents exemptions', env)).out[1]).toBe(
      `${id}\ttoken ${tokenId}\toff_hours,repetition\t2026-01-01T00:00:00.000Z\t2026-01-08T00:00:00.000Z\tcrawl`,
    )
    expect((await run(`incidents unexempt ${id}`, env)).code).toBe(0)
    expect((await run('incidents exemptions', env)).out).toHaveLength(1)
  })

  it('sources lists networks', async () => {
    const { env, tokenId } = await anIncident()
    const { out } = await run('incidents sources ada', env)
    expect(out[1]?.split('\t').slice(0, 5)).toEqual([tokenId, '192.0.2.0/24', 'curl', '-', '1'])
  })

  it.each([
    'incidents',
    'incidents show ID',
    'incidents dismiss ID',
    'incidents rotate ID',
    'incidents exempt --user ada --for 1h --reason x',
    'incidents exemptions',
    'incidents sources ada',
  ])('%s prints JSON when asked', async (line) => {
    const { env, id } = await anIncident()
    const { code, out, err } = await run(`${line.replace('ID', id)} --json`, env)
    expect([code, out.length, err]).toEqual([0, 1, ''])
    expect(JSON.parse(out.join())).toBeTypeOf('object')
  })

  it.each([
    ['incidents show', 2, 'needs ID'],
    ['incidents show inc_0', 1, 'There is no such incident.'],
    ['incidents all', 2, 'does not know what to do with "all"'],
    ['incidents --state lost', 1, 'One of open, dismissed, closed'],
    ['incidents exempt --for 7d --reason x', 2, 'needs either --user ID or --token ID'],
    ['incidents exempt --user ada --token t --for 7d --reason x', 2, 'needs either'],
    ['incidents exempt --user ada --reason x', 2, 'needs --for DURATION'],
    ['incidents exempt --user ada --for 7d', 2, 'needs --reason TEXT'],
    ['incidents exempt --user ada --for 91d --reason x', 1, 'at most 90 days'],
    ['incidents exempt --user ada --for 7d --signals a,, --reason x', 2, '--signals has an empty item'],
    ['incidents sources eve', 1, 'There is no such user.'],
  ])('%s says what is wrong', async (line, code, message) => {
    const { env } = await aGateway()
    const result = await run(line, env)
    expect([result.code, result.out]).toEqual([code, []])
    expect(result.err).toContain(message)
  })
})
