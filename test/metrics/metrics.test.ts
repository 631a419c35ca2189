import { describe, expect, it } from 'vitest'
import { Call } from '../../src/call.ts'
import { AUTH_RESULTS, authResultOf, PRICE_LOOKUPS, PRICE_RELOADS } from '../../src/metrics/labels.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { OPERATIONS } from '../../src/minimax/catalog.ts'

function endedCall(metrics: Metrics, model: string, code = 0): void {
  let now = 0
  const clock = { now: () => now, monotonic: () => now }
  const operation = { name: 'chat.native', modality: 'chat', dialect: 'native' } as const
  metrics.begin('chat.native')
  const call = new Call('r', operation, '', clock, (ended) => metrics.finish(ended))
  call.model = model
  call.providerCode = code
  now = 250
  call.sentAt = 1
  call.firstByteAt = 100
  call.finish('ok')
}

async function samples(metrics: Metrics): Promise<string[]> {
  const { text } = await metrics.exposition()
  return text.split('\n').filter((line) => line.startsWith('minimax_gateway_'))
}

describe('the metrics', () => {
  it('count each request once, with its time', async () => {
    const metrics = new Metrics()
    endedCall(metrics, 'MiniMax-M3')
    const lines = await samples(metrics)
    expect(lines).toContain(
      'minimax_gateway_requests_total{operation="chat.native",model="MiniMax-M3",outcome="ok"} 1',
    )
    expect(lines).toContain('minimax_gateway_request_seconds_sum{operation="chat.native"} 0.25')
    expect(lines).toContain('minimax_gateway_first_byte_seconds_sum{operation="chat.native"} 0.1')
    expect(lines).toContain('minimax_gateway_overhead_seconds_sum{operation="chat.native"} 0.001')
    expect(lines).toContain('minimax_gateway_inflight{operation="chat.native"} 0')
  })

  it('grow no series from what clients and upstream make up', async () => {
    const metrics = new Metrics()
    endedCall(metrics, 'junk', 4711)
    const before = (await samples(metrics)).length
    for (let at = 0; at < 10_000; at++) endedCall(metrics, `junk-${at}`, 10_000 + at)
    const after = await samples(metrics)
    expect(after).toHaveLength(before)
    expect(after).toContain(
      'minimax_gateway_requests_total{operation="chat.native",model="other",outcome="ok"} 10001',
    )
    expect(after).toContain('minimax_gateway_provider_codes_total{code="other"} 10001')
  })

  it('know every operation before it is called', async () => {
    const lines = await samples(new Metrics())
    for (const { name } of OPERATIONS)
      expect(lines).toContain(`minimax_gateway_inflight{operation="${name}"} 0`)
  })

  it('know every way to find a price, and every end of a change of prices, before it happens', async () => {
    const metrics = new Metrics()
    const before = await samples(metrics)
    for (const status of PRICE_LOOKUPS) {
      expect(before).toContain(`minimax_gateway_price_lookups_total{status="${status}"} 0`)
      metrics.priceLookup(status)
    }
    for (const result of PRICE_RELOADS) {
      expect(before).toContain(`minimax_gateway_prices_reloads_total{result="${result}"} 0`)
      metrics.pricesReloaded(result)
    }
    const after = await samples(metrics)
    expect(after).toHaveLength(before.length)
    expect(after).toContain('minimax_gateway_price_lookups_total{status="unknown"} 1')
    expect(after).toContain('minimax_gateway_prices_reloads_total{result="refused"} 1')
  })

  it('know how every attempt to authenticate can end', () => {
    for (const code of [
      'token_missing',
      'token_invalid',
      'token_expired',
      'token_revoked',
      'user_suspended',
      'ambiguous_credentials',
      'store_unavailable',
    ]) {
      expect(AUTH_RESULTS).toContain(authResultOf(code))
    }
  })
})
