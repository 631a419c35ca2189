import { Caller } from '../../emulator/demo/caller.ts'
import { STEPS } from '../../emulator/demo/steps.ts'
import type { TestGateway } from '../helpers/gateway.ts'

const CHAT = '/v1/text/chatcompletion_v2'

/** What a gateway is started with so that `mischief` is refused for every reason. */
export const LOAD_ENV: Readonly<Record<string, string>> = {
  // One call at a time, so that some wait for their turn and one waits in vain.
  UPSTREAM_CONCURRENCY: '1',
  UPSTREAM_QUEUE_TIME: '1s',
  PRICE_MULTIPLIER: '1.5',
}

/** Does all that the demo does. A voice is cloned under its name once only, so later rounds leave that out. */
export async function demoRound(gateway: TestGateway, token: string, isFirst: boolean): Promise<void> {
  const caller = new Caller(gateway.url, token)
  for (const step of STEPS) {
    if (isFirst || step.about !== 'clone') await step.run(caller)
  }
}

/** Tries what a gateway refuses, and what MiniMax refuses: each ends in another outcome, code or limit. */
export async function mischief(gateway: TestGateway): Promise<void> {
  const { token } = await gateway.token()
  const limited = await gateway.token({ limits: { requests_per_minute: 1 } })
  const images = await gateway.token({ operations: ['image.*'] })
  const revoked = await gateway.token()
  await gateway.admin('DELETE', `/admin/v1/tokens/${revoked.id}`)

  const chat = (bearer: string, model = 'MiniMax-M3') => post(gateway, CHAT, bearer, model)
  await chat('not-a-token')
  await chat(revoked.token)
  await chat(images.token)
  await chat(limited.token)
  await chat(limited.token)
  for (const code of ['1000', '1002', '1008', '1026', '1027']) await chat(token, `scenario:base_resp:${code}`)
  await get(gateway, '/v1/files/retrieve?file_id=123456789', token)
  await get(gateway, '/v1/no/such/path', token)
  // The first has the only turn for longer than the second may wait; then two that wait for a moment.
  await Promise.all([chat(token, 'scenario:delay:1300'), chat(token)])
  await Promise.all([chat(token, 'scenario:delay:50'), chat(token)])
}

async function post(gateway: TestGateway, path: string, token: string, model: string): Promise<void> {
  const answer = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }),
  })
  await answer.arrayBuffer()
}

async function get(gateway: TestGateway, path: string, token: string): Promise<void> {
  const answer = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${token}` } })
  await answer.arrayBuffer()
}
