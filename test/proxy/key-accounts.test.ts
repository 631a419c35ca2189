import { describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, formFor, post } from '../helpers/calls.ts'
import { isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'

const NAMES = ['a1', 'b1'] as const
const keyOf = (name: string): string => `sk-of-${name}-0123456789abcdef`

async function startWithTwo(): Promise<TestGateway> {
  return await startGateway({
    env: {
      MINIMAX_API_KEY: '',
      MINIMAX_API_KEYS: NAMES.map((name) => `${name}@${name.slice(0, 1)}=${keyOf(name)}`).join(','),
      UPSTREAM_KEY_RETRY: '1m',
    },
    emulator: { keys: NAMES.map(keyOf) },
  })
}

function keysUsed(gateway: TestGateway, operation: string): (string | undefined)[] {
  return gateway.emulator.requests
    .filter((request) => request.operation === operation)
    .map(({ headers }) => NAMES.find((name) => headers.authorization === `Bearer ${keyOf(name)}`))
}

describe('when no key of an account can be used', () => {
  it('what is bound to it is refused with 503 and goes to no other; what is not goes elsewhere', async () => {
    await using gateway = await startWithTwo()
    const { token } = await gateway.token()
    const headers = { authorization: `Bearer ${token}` }
    const upload = () => fetch(`${gateway.url}/v1/files/upload`, { method: 'POST', headers, body: formFor() })
    const answer: unknown = await (await upload()).json()
    const file = isRecord(answer) && isRecord(answer.file) ? String(answer.file.file_id) : ''
    const [home] = keysUsed(gateway, 'files.upload')
    if (home === undefined) throw new Error('nothing was uploaded')

    await gateway.admin('PATCH', `/admin/v1/upstream-keys/${home}`, { disabled: true })
    const bound = await fetch(`${gateway.url}/v1/files/retrieve?file_id=${file}`, { headers })
    expect([bound.status, (await bound.text()).includes('temporarily unavailable')]).toEqual([503, true])
    // What they make stays on one account, so that it can be used together.
    const made = await upload()
    await made.text()
    expect(made.status).toBe(503)
    expect([keysUsed(gateway, 'files.retrieve'), keysUsed(gateway, 'files.upload')]).toEqual([[], [home]])
    const free = await post(gateway.url, token, CHAT_PATH, chat())
    await free.text()
    expect(free.status).toBe(200)
    expect(keysUsed(gateway, 'chat.openai')).toEqual([NAMES.find((name) => name !== home)])

    await gateway.admin('PATCH', `/admin/v1/upstream-keys/${home}`, { disabled: false })
    const again = await fetch(`${gateway.url}/v1/files/retrieve?file_id=${file}`, { headers })
    await again.text()
    expect([again.status, keysUsed(gateway, 'files.retrieve')]).toEqual([200, [home]])
  })

  it('a balance that is used up leaves what costs nothing alone', async () => {
    await using gateway = await startWithTwo()
    const { token } = await gateway.token()
    const headers = { authorization: `Bearer ${token}` }
    for (const name of NAMES)
      gateway.emulator.scenario({
        match: { key: keyOf(name), operation: 'chat.openai' },
        use: { refuse: { code: 1008 } },
      })
    const statuses: number[] = []
    for (let call = 0; call < 4; call++) {
      const answer = await post(gateway.url, token, CHAT_PATH, chat())
      await answer.text()
      statuses.push(answer.status)
    }
    expect(statuses).toEqual([503, 503, 503, 503])
    // Each key was tried once; after that nothing is sent that would be refused.
    expect(keysUsed(gateway, 'chat.openai').toSorted()).toEqual([...NAMES])
    const models = await fetch(`${gateway.url}/v1/models`, { headers })
    await models.text()
    expect(models.status).toBe(200)
  })

  it('a key that MiniMax does not know is told of once it was asked about, and is not used', async () => {
    await using gateway = await startWithTwo()
    const { token } = await gateway.token()
    gateway.emulator.scenario({ match: { key: keyOf('a1') }, use: { refuse: { code: 2049 } } })
    for (let call = 0; call < 2; call++) await (await post(gateway.url, token, CHAT_PATH, chat())).text()
    await until(() => gateway.logLines.some((line) => line.includes('asked MiniMax')), 'the question')
    const before = keysUsed(gateway, 'chat.openai').length
    for (let call = 0; call < 4; call++) await (await post(gateway.url, token, CHAT_PATH, chat())).text()
    expect(keysUsed(gateway, 'chat.openai').slice(before)).toEqual(['b1', 'b1', 'b1', 'b1'])
    expect(gateway.logLines.join('')).not.toContain(keyOf('a1'))
  })
})
