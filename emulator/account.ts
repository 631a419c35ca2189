import { billed } from './answer.ts'
import { invalid } from './errors.ts'
import { id, json, SUCCESS, text } from './json.ts'
import type { Answer, Call } from './types.ts'

/**
 * What must never reach a tenant. The numbers and names are made so that a test finds them anywhere:
 * 777777.77 of balance, 424242 of quota, and the word "emulator-operator".
 */
export const OPERATOR = { name: 'emulator-operator', balance: '777777.77', quota: 424242 }

/** GET /account/query_balance (fields as mmx-cli reads them). */
export function balance(): Answer {
  return json({
    available_amount: OPERATOR.balance,
    cash_balance: OPERATOR.balance,
    voucher_balance: '0.00',
    credit_balance: '0.00',
    owed_amount: '0.00',
    balance_alert_switch: false,
    balance_alert_threshold: '0.00',
    account_name: OPERATOR.name,
    base_resp: SUCCESS,
  })
}

/** GET /v1/token_plan/remains and its older paths. */
export function remains(): Answer {
  const start_time = Math.floor(Date.now() / 18_000_000) * 18_000_000
  const window = {
    start_time,
    end_time: start_time + 18_000_000,
    remains_time: start_time + 18_000_000 - Date.now(),
  }
  const model_remains = ['MiniMax-M*', 'speech-hd', 'image-01'].map((model_name) => ({
    model_name,
    ...window,
    current_interval_total_count: OPERATOR.quota,
    current_interval_usage_count: 7,
    current_weekly_total_count: 0,
    current_weekly_usage_count: 0,
    weekly_start_time: start_time,
    weekly_end_time: start_time + 604_800_000,
    weekly_remains_time: 604_800_000,
  }))
  return json({ base_resp: SUCCESS, model_remains })
}

/** POST /v1/coding_plan/search {q}. */
export function search(call: Call): Answer {
  const q = text(call.body.q)
  if (q === '') throw invalid('q is required')
  const organic = [1, 2].map((n) => ({
    title: `Result ${n} for ${q.slice(0, 60)}`,
    link: `https://example.com/${n}`,
    snippet: 'An example.',
    date: '2026-01-01',
  }))
  return billed(json({ organic, related_searches: [], base_resp: SUCCESS }), { requests: 1 })
}

/** POST /v1/coding_plan/vlm {prompt, image_url | file_id}. */
export function vision(call: Call): Answer {
  const { body, world } = call
  if (text(body.prompt) === '') throw invalid('prompt is required')
  const file = id(body.file_id)
  if (file === '' && text(body.image_url) === '') throw invalid('image_url or file_id is required')
  if (file !== '' && !world.library.files.has(file)) throw invalid('file not found')
  const content = `I see a picture. You asked: ${text(body.prompt).slice(0, 120)}`
  return billed(json({ content, base_resp: SUCCESS }), { requests: 1 })
}
