import { WebSocket } from 'ws'
import { describe, it } from 'vitest'
import { chat, CHAT_PATH, formFor, post } from '../helpers/calls.ts'
import { ADMIN_TOKEN, type TestGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { until } from '../helpers/wire.ts'

const shared = sharedGateway({ checksBooks: false })

async function inflight(gateway: TestGateway): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const text = await (await fetch(`${gateway.adminUrl}/metrics`, { headers })).text()
  return Number(/upstream_key_inflight\{key="default"\} (\d+)/.exec(text)?.[1])
}

async function untilInflight(gateway: TestGateway, count: number): Promise<void> {
  let seen = NaN
  const look = async (): Promise<void> => {
    seen = await inflight(gateway)
    if (seen !== count) setTimeout(() => void look(), 10).unref()
  }
  void look()
  await until(() => seen === count, `${count} calls that have the key`)
}

/** How a call may end, each counted while it is under way. */
const ENDINGS: readonly (readonly [string, string, boolean])[] = [
  ['a caller who leaves a stream', 'scenario:endless@5', true],
  ['a caller who leaves while nothing came', 'scenario:stall-headers', true],
]

describe('calls that have a key', () => {
  it.each(ENDINGS)('are counted, and not any more after %s', async (_, model, stream) => {
    const { gateway, token } = shared()
    const leaving = new AbortController()
    const call = post(gateway.url, token, CHAT_PATH, chat({ model, stream }), { signal: leaving.signal })
    call.catch(() => undefined)
    await untilInflight(gateway, 1)
    leaving.abort()
    await untilInflight(gateway, 0)
  })

  it.each(['reset-body', 'html', 'cut@10', 'base_resp@1002', 'http@401,1004', 'http@500,1000', 'ok'])(
    'are not counted any more after %s',
    async (scenario) => {
      const { gateway, token } = shared()
      for (const stream of [false, true]) {
        const answer = await post(
          gateway.url,
          token,
          CHAT_PATH,
          chat({ model: `scenario:${scenario}`, stream }),
        )
        await answer.text().catch(() => '')
      }
      await untilInflight(gateway, 0)
    },
  )

  it('are uploads too', async () => {
    const { gateway, token } = shared()
    const headers = { authorization: `Bearer ${token}` }
    await (await fetch(`${gateway.url}/v1/files/upload`, { method: 'POST', headers, body: formFor() })).text()
    await untilInflight(gateway, 0)
  })

  it('are WebSockets too, until either side closes them', async () => {
    const { gateway, token } = shared()
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`, {
      headers: { authorization: `Bearer ${token}` },
    })
    await new Promise((resolve) => socket.once('open', resolve))
    await untilInflight(gateway, 1)
    socket.terminate()
    await untilInflight(gateway, 0)
  })
})
