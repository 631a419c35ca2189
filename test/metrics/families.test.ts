import { expect, it } from 'vitest'
import { Metrics } from '../../src/metrics/metrics.ts'

/** Section 7 of the design: what dashboards and alerts are made of. */
const PROMISED: Readonly<Record<string, 'counter' | 'gauge' | 'histogram'>> = {
  requests_total: 'counter',
  request_seconds: 'histogram',
  first_byte_seconds: 'histogram',
  overhead_seconds: 'histogram',
  inflight: 'gauge',
  usage_total: 'counter',
  charged_usd_total: 'counter',
  list_usd_total: 'counter',
  auth_attempts_total: 'counter',
  limited_total: 'counter',
  provider_codes_total: 'counter',
  upstream_key_up: 'gauge',
  price_lookups_total: 'counter',
  held_usd: 'gauge',
  tasks: 'gauge',
  incidents_total: 'counter',
  ledger_commit_seconds: 'histogram',
  series_folded_total: 'counter',
}

it.each(Object.entries(PROMISED))('%s is there, a %s, with a help text', async (name, type) => {
  const lines = (await new Metrics().exposition()).text.split('\n')
  expect(lines).toContain(`# TYPE minimax_gateway_${name} ${type}`)
  expect(lines.find((line) => line.startsWith(`# HELP minimax_gateway_${name} `))).toMatch(/ \S.{10,}\.?$/)
})
