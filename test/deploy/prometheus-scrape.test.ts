import { expect, it } from 'vitest'
import { FAMILIES, PREFIX } from '../../src/metrics/families.ts'
import { ADMIN_TOKEN, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { isInstalled, startPrometheus } from './prometheus.ts'

/** Of each modality that answers at once, a call that costs something. */
const CALLS: readonly [path: string, body: Readonly<Record<string, unknown>>][] = [
  ['/v1/chat/completions', { model: 'MiniMax-M2', messages: [{ role: 'user', content: 'Hello' }] }],
  [
    '/v1/t2a_v2',
    { model: 'speech-2.8-hd', text: 'Hello', voice_setting: { voice_id: 'English_Graceful_Lady' } },
  ],
  ['/v1/image_generation', { model: 'image-01', prompt: 'A house' }],
  ['/v1/video_generation', { model: 'MiniMax-Hailuo-2.3', prompt: 'A house' }],
]

async function callAll(gateway: TestGateway): Promise<void> {
  const { token } = await gateway.token()
  for (const [path, body] of CALLS) {
    const answer = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect([path, answer.status, await answer.text()]).toEqual([path, 200, expect.any(String)])
  }
}

it.skipIf(!isInstalled('prometheus'))(
  'a real Prometheus reads every family, and what was used',
  async () => {
    // Of identity providers there are series only where there are some.
    const issuer = { name: 'acme', issuer: 'https://id.example.com', audience: 'gateway' }
    await using gateway = await startGateway({ env: { JWT_ISSUERS: JSON.stringify([issuer]) } })
    await callAll(gateway)
    await using prometheus = await startPrometheus({
      targets: [new URL(gateway.adminUrl).host],
      token: ADMIN_TOKEN,
    })
    const found = await prometheus.query(`count by (__name__) ({__name__=~"${PREFIX}.*"})`)
    const names = new Set(found.map(({ metric }) => metric.__name__?.replace(/_(bucket|sum|count)$/, '')))
    const missing = Object.values(FAMILIES).filter(({ name }) => !names.has(`${PREFIX}${name}`))
    // Keys are told by whoever runs the calls; a gateway that tells nothing of them has no series of them.
    expect(missing.map(({ name }) => name)).toEqual([])
    const used = await prometheus.query(`${PREFIX}usage_total{user="user-1"} > 0`)
    expect(used.map(({ metric }) => metric.unit)).toEqual(
      expect.arrayContaining(['input_tokens', 'output_tokens', 'characters', 'images']),
    )
    await expect(prometheus.query('sum(')).rejects.toThrow('parse error')
  },
  60_000,
)
