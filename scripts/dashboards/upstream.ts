import type { Dashboard, Row } from './model.ts'
import { FAULTS, gauge, orZero, PREFIX, quantile, rate, rateOfSeen, ratio, total } from './promql.ts'

const ENDED = 'state=~"succeeded|failed|expired"'
const PROVIDER = 'outcome=~"provider_.*"'

const keys: Row = {
  title: 'Keys and failures',
  panels: [
    {
      kind: 'stat',
      of: 'now',
      title: 'Keys',
      description:
        'Whether calls are sent with each key of the operator. Down: MiniMax refuses it or its account; the codes below tell why (1004 and 2049: the key; 1008, 2054 and 2056: money or plan). Mend it at MiniMax.',
      unit: 'none',
      queries: [{ expr: `min by (key) (${PREFIX}upstream_key_up)`, legend: '{{key}}' }],
      width: 12,
      base: 'red',
      words: { '0': 'down', '1': 'up' },
      thresholds: [{ at: 1, colour: 'green' }],
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Failed at MiniMax',
      description:
        'Share of requests that ended by a fault on MiniMax’s side. See its status page before you look for it here.',
      unit: 'percentunit',
      queries: [
        {
          expr: ratio(orZero(rate('requests_total', [], `${FAULTS}, ${PROVIDER}`)), rate('requests_total')),
          legend: 'failed',
        },
      ],
      width: 6,
      thresholds: [
        { at: 0.01, colour: 'yellow' },
        { at: 0.05, colour: 'red' },
      ],
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'First byte, 95 %',
      description:
        'How long MiniMax takes to begin its answer, waiting for a turn included. Compare with the days before.',
      unit: 's',
      queries: [{ expr: quantile(0.95, 'first_byte_seconds'), legend: 'first byte' }],
      width: 6,
    },
    {
      kind: 'graph',
      title: 'MiniMax’s codes of failure a minute',
      description:
        '1002, 1039, 1041, 2045: limits of the account. 1004, 2049: the key. 1008, 2054, 2056, 2061: balance and plan. 1026, 1027: content. 2013: what clients send. 1000, 1013, 1024, 1033: MiniMax itself.',
      unit: 'short',
      queries: [{ expr: `${rateOfSeen('provider_codes_total', ['code'])} * 60`, legend: '{{code}}' }],
      width: 12,
    },
    {
      kind: 'graph',
      title: 'Failures on MiniMax’s side',
      description:
        'provider_account is for the operator to mend, at once: all users have it. provider_rate_limited: ask MiniMax for more, or add an account. provider_rejected is what clients send.',
      unit: 'reqps',
      queries: [{ expr: rate('requests_total', ['outcome'], PROVIDER), legend: '{{outcome}}' }],
      width: 12,
      colours: { provider_account: 'red' },
    },
  ],
}

const turns: Row = {
  title: 'Time and turns',
  panels: [
    {
      kind: 'graph',
      title: 'First byte by operation, 95 %',
      description: 'The ten slowest. One that rises alone: its model is slow at MiniMax.',
      unit: 's',
      queries: [
        { expr: `topk(10, ${quantile(0.95, 'first_byte_seconds', ['operation'])})`, legend: '{{operation}}' },
      ],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Waits for a turn',
      description:
        'Calls that had to wait for the shared account, and those that were refused because their turn did not come in time. Refusals for long: the account is too small for its users.',
      unit: 'ops',
      queries: [
        { expr: rate('turn_wait_seconds_count'), legend: 'waited' },
        { expr: rate('limited_total', [], 'limit="turn"'), legend: 'refused' },
      ],
      width: 8,
      colours: { refused: 'red' },
    },
    {
      kind: 'graph',
      title: 'How long they waited',
      description:
        'Of the calls that had to wait. Seconds here are seconds that users wait before MiniMax begins.',
      unit: 's',
      queries: [
        { expr: quantile(0.5, 'turn_wait_seconds'), legend: '50 %' },
        { expr: quantile(0.95, 'turn_wait_seconds'), legend: '95 %' },
      ],
      width: 8,
    },
  ],
}

const tasks: Row = {
  title: 'Tasks and prices',
  panels: [
    {
      kind: 'graph',
      title: 'Tasks under way',
      description:
        'Videos and long speech that MiniMax still makes. Money is held for each. A line that never falls: tasks are stuck; after their time they are settled as expired.',
      unit: 'none',
      // Every replica counts the same books.
      queries: [{ expr: `max by (kind) (${PREFIX}tasks{state="running"})`, legend: '{{kind}}' }],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Tasks that ended, an hour',
      description: 'By state. Failed tasks cost nothing. expired: MiniMax never told the end.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (state) (max by (kind, state) (clamp_min(deriv(${PREFIX}tasks{${ENDED}}[$__rate_interval]), 0))) * 3600`,
          legend: '{{state}}',
        },
      ],
      width: 8,
      colours: { succeeded: 'green', failed: 'orange', expired: 'red' },
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Tasks on the books',
      description:
        'All that the books have, by state. Many failed ones beside few that succeeded: ask the ledger which model.',
      unit: 'none',
      queries: [{ expr: `sum by (state) (max by (kind, state) (${PREFIX}tasks))`, legend: '{{state}}' }],
      width: 8,
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Changes of the file of prices',
      description:
        'applied: the new prices hold. refused: the file has an error, which the log tells, and the old prices hold on.',
      unit: 'none',
      queries: [{ expr: total('prices_reloads_total', ['result']), legend: '{{result}}' }],
      width: 12,
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Sent and not yet answered',
      description: 'Requests under way. It rises with traffic, and when MiniMax hangs.',
      unit: 'none',
      queries: [{ expr: gauge('inflight'), legend: 'under way' }],
      width: 12,
    },
  ],
}

/** How MiniMax does. */
export const upstream: Dashboard = {
  name: 'upstream',
  title: 'MiniMax gateway: upstream',
  description: 'How MiniMax does: keys, codes of failure, time, turns at the account, tasks, prices.',
  variables: [],
  rows: [keys, turns, tasks],
}
