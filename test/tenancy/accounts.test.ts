import { expect, it } from 'vitest'
import { formFor } from '../helpers/calls.ts'
import { MASTER_KEY, startGateway } from '../helpers/gateway.ts'

const USERS = Array.from({ length: 12 }, (_, at) => `user-${at}`)

it('what a user makes is used with a key of the account that made it, and users are spread over the accounts', async () => {
  await using gateway = await startGateway({
    env: { MINIMAX_API_KEYS: `other=${MASTER_KEY}-second` },
  })
  const authorizations = new Set<string | undefined>()
  for (const user of USERS) {
    const { token } = await gateway.token({}, user)
    const headers = { authorization: `Bearer ${token}` }
    const before = gateway.emulator.requests.length
    const answer = await fetch(`${gateway.url}/v1/files/upload`, { method: 'POST', headers, body: formFor() })
    const id = /"file_id":\s*(\d+)/.exec(await answer.text())?.[1] ?? ''
    for (let times = 0; times < 3; times++) {
      const look = await fetch(`${gateway.url}/v1/files/retrieve?file_id=${id}`, { headers })
      expect(look.status).toBe(200)
      await look.arrayBuffer()
    }
    const used = gateway.emulator.requests.slice(before).map((request) => request.headers.authorization)
    expect(used).toHaveLength(4)
    expect(new Set(used).size).toBe(1)
    authorizations.add(used[0])
  }
  expect(authorizations.size).toBe(2)
})
