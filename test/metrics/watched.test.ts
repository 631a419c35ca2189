import { expect, it } from 'vitest'
import type { KeyState } from '../../src/metrics/keys.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { RESPONSES, SIGNALS } from '../../src/signals.ts'

const samples = async (metrics: Metrics) => (await metrics.exposition()).text.split('\n')

it('upstream keys are up or down, and gone when the operator takes them away', async () => {
  const metrics = new Metrics()
  let keys: readonly KeyState[] = [
    { name: 'main', state: 'usable', inflight: 3 },
    { name: 'spare', state: 'spent', inflight: 0 },
  ]
  metrics.keys.watch(() => keys)
  expect(await samples(metrics)).toEqual(
    expect.arrayContaining([
      'minimax_gateway_upstream_key_up{key="main"} 1',
      'minimax_gateway_upstream_key_up{key="spare"} 0',
      'minimax_gateway_upstream_key_state{key="main",state="usable"} 1',
      'minimax_gateway_upstream_key_state{key="spare",state="spent"} 1',
      'minimax_gateway_upstream_key_state{key="spare",state="usable"} 0',
      'minimax_gateway_upstream_key_inflight{key="main"} 3',
    ]),
  )
  keys = [{ name: 'main', state: 'invalid', inflight: 0 }]
  const after = await samples(metrics)
  expect(after).toContain('minimax_gateway_upstream_key_up{key="main"} 0')
  expect(after.join('\n')).not.toContain('key="spare"')
})

it('every kind of incident is known before it happens', async () => {
  const metrics = new Metrics()
  for (const signal of Object.keys(SIGNALS))
    for (const response of RESPONSES)
      expect(await samples(metrics)).toContain(
        `minimax_gateway_incidents_total{signal="${signal}",response="${response}"} 0`,
      )
  metrics.incident('leak_report', 'suspend')
  expect(await samples(metrics)).toContain(
    'minimax_gateway_incidents_total{signal="leak_report",response="suspend"} 1',
  )
})

it('a task that is billed after its call has ended is counted, by a model of ours', async () => {
  const metrics = new Metrics()
  metrics.billed('alice', 'junk', {
    usage: { video_seconds: 6.5 },
    list: 2_000_000_000n,
    charged: 1_500_000_000n,
  })
  const lines = await samples(metrics)
  expect(lines).toContain('minimax_gateway_usage_total{user="alice",model="other",unit="video_seconds"} 6.5')
  expect(lines).toContain('minimax_gateway_charged_usd_total{user="alice"} 1.5')
  expect(lines).toContain('minimax_gateway_list_usd_total{user="alice"} 2')
  expect(lines).toContain('minimax_gateway_charged_usd_total{user="_other"} 0')
})
