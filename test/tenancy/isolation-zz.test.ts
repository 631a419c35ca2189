import { expect, it } from 'vitest'
import { startGateway } from '../helpers/gateway.ts'
import { personOf } from './matrix-users.ts'
it('probe', async () => {
  await using g = await startGateway()
  const p = await personOf(g, 'a')
  const r = await p.send({ method: 'POST', path: '/v1/responses', body: JSON.stringify({ model: 'MiniMax-M3', input: 'x', previous_response_id: 'resp_1' }) })
  process.stdout.write('PROBE ' + r.status + ' ' + String(g.emulator.requests.at(-1)?.body) + '\n')
  p.close()
  expect(1).toBe(1)
})
