import type { Dashboard, Row } from './model.ts'
import { PREFIX, rate, rateOfSeen, ratio, total } from './promql.ts'

const FAILED = 'result!="ok"'
const DENIED = 'outcome=~"caller_(unauthorized|forbidden|not_found)"'
/** MiniMax's codes for sensitive content in what was sent, and in what would have been answered. */
const CONTENT = 'code=~"1026|1027"'

const spendOf = (range: string, by = ''): string => `sum${by}(rate(${PREFIX}charged_usd_total[${range}]))`

const incidents: Row = {
  title: 'Incidents',
  panels: [
    {
      kind: 'stat',
      of: 'range',
      title: 'Incidents',
      description:
        'Findings about tokens in the time that is shown, whatever was done. `minimax-gateway incidents` lists them with the evidence and the score of each; dismiss those that are none.',
      unit: 'none',
      queries: [{ expr: total('incidents_total'), legend: 'incidents' }],
      width: 5,
      thresholds: [{ at: 1, colour: 'yellow' }],
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Throttled or suspended',
      description:
        'Incidents that cost a token its speed or its use. Tell its owner: rotate the token if it leaked, dismiss the incident or make an exemption if it did not.',
      unit: 'none',
      queries: [
        { expr: total('incidents_total', [], 'response="throttle"'), legend: 'throttled' },
        { expr: total('incidents_total', [], 'response="suspend"'), legend: 'suspended' },
      ],
      width: 5,
      thresholds: [{ at: 1, colour: 'red' }],
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Revoked tokens tried',
      description:
        'Attempts with tokens that were revoked: a client that nobody told, or a copy that goes around. The incident revoked_in_use tells the sources.',
      unit: 'none',
      queries: [{ expr: total('auth_attempts_total', [], 'result="revoked"'), legend: 'attempts' }],
      width: 5,
      thresholds: [{ at: 1, colour: 'orange' }],
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'The master key masked in an answer',
      description:
        'MiniMax, or what stands between, gave the operator’s key back, and it was masked. Change the key at MiniMax, and look through the log for the request.',
      unit: 'none',
      queries: [{ expr: total('key_masked_total'), legend: 'masked' }],
      width: 4,
      thresholds: [{ at: 1, colour: 'red' }],
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Detection failed',
      description:
        'Times that looking for abuse failed. Calls went on unwatched: the log tells why, and the limits of tokens and users hold all the same.',
      unit: 'none',
      queries: [{ expr: total('abuse_failures_total'), legend: 'failures' }],
      width: 5,
      thresholds: [{ at: 1, colour: 'red' }],
    },
    {
      kind: 'graph',
      title: 'Incidents an hour by signal',
      description:
        'What spoke loudest for each. A signal that is often wrong: put it into shadow mode, or exempt the tokens that it is wrong about, for a time.',
      unit: 'short',
      queries: [{ expr: `${rateOfSeen('incidents_total', ['signal'])} * 3600`, legend: '{{signal}}' }],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Incidents an hour by response',
      description:
        'What was done. Only notify and above tell anybody; suspend takes evidence of two families or a proven leak.',
      unit: 'short',
      queries: [{ expr: `${rateOfSeen('incidents_total', ['response'])} * 3600`, legend: '{{response}}' }],
      width: 8,
      colours: { watch: 'blue', notify: 'yellow', throttle: 'orange', suspend: 'red' },
    },
    {
      kind: 'table',
      title: 'Incidents by signal and response',
      description:
        'In the time that is shown. The token, its sources and its score stand with the incident: `minimax-gateway incidents show`, or /admin/v1/users/{id}/sources.',
      unit: 'none',
      labels: { signal: 'Signal', response: 'Response' },
      queries: [{ expr: `${total('incidents_total', ['signal', 'response'])} > 0`, legend: 'Incidents' }],
      width: 8,
    },
  ],
}

const doors: Row = {
  title: 'At the door',
  panels: [
    {
      kind: 'graph',
      title: 'Failed authentication a minute',
      description:
        '`invalid` and `missing` are mostly scanners and typing errors, `revoked` is a copy that goes around, `throttled` are addresses that are locked out for trying too often.',
      unit: 'short',
      queries: [
        { expr: `${rateOfSeen('auth_attempts_total', ['result'], FAILED)} * 60`, legend: '{{result}}' },
      ],
      width: 8,
      colours: { revoked: 'red', throttled: 'orange' },
    },
    {
      kind: 'graph',
      title: 'Share of attempts that fail',
      description:
        'Above a half for long: a client with a dead token tries on and on, or somebody guesses. Too many from one address are throttled by AUTH_FAILURES_PER_MINUTE.',
      unit: 'percentunit',
      queries: [
        {
          expr: ratio(rate('auth_attempts_total', [], FAILED), rate('auth_attempts_total')),
          legend: 'failed',
        },
      ],
      width: 8,
      thresholds: [{ at: 0.5, colour: 'orange' }],
    },
    {
      kind: 'graph',
      title: 'Refused by limits a minute',
      description:
        'By which limit. `address` and `auth_failures`: floods. `budget` and `credit`: users who need more. `turn`, `overload`, `inflight`: not users, but room is short.',
      unit: 'short',
      queries: [{ expr: `${rateOfSeen('limited_total', ['limit'])} * 60`, legend: '{{limit}}' }],
      width: 8,
    },
  ],
}

const forbidden: Row = {
  title: 'What is tried',
  panels: [
    {
      kind: 'graph',
      title: 'Denied a minute',
      description:
        'Without a right: forbidden operations and models, objects and paths that are not there or belong to others. A wave of them is somebody who looks around.',
      unit: 'short',
      queries: [{ expr: `${rate('requests_total', ['outcome'], DENIED)} * 60`, legend: '{{outcome}}' }],
      width: 8,
    },
    {
      kind: 'table',
      title: 'Denied by operation',
      description:
        'In the time that is shown. not_found on files, voices and tasks: ids of other users are tried. On `unknown`: paths that do not exist.',
      unit: 'none',
      labels: { operation: 'Operation', outcome: 'Outcome' },
      queries: [
        {
          expr: `topk(30, ${total('requests_total', ['operation', 'outcome'], DENIED)} > 0)`,
          legend: 'Requests',
        },
      ],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Content that MiniMax refuses, an hour',
      description:
        'Codes 1026 (sensitive input) and 1027 (sensitive output). MiniMax holds the operator to account for it: find the users by requests?outcome=provider_rejected.',
      unit: 'short',
      queries: [{ expr: `${rate('provider_codes_total', ['code'], CONTENT)} * 3600`, legend: '{{code}}' }],
      width: 8,
    },
  ],
}

const spend: Row = {
  title: 'Money out of line',
  panels: [
    {
      kind: 'graph',
      title: 'Spend of the last hour against the mean of a week',
      description:
        '1 is as always. Above 3 without a reason that you know: see who it is beside this, and their incidents.',
      unit: 'short',
      queries: [{ expr: ratio(spendOf('1h'), spendOf('7d')), legend: 'times the mean' }],
      width: 12,
      thresholds: [{ at: 3, colour: 'orange' }],
    },
    {
      kind: 'graph',
      title: 'Who spends more than on the day before',
      description:
        'The ten users whose last hour stands highest above the mean hour of their last day; 24 is a user who spent nothing before. Small sums count as large ones here: see the dashboard of users.',
      unit: 'short',
      queries: [
        {
          expr: `topk(10, ${ratio(spendOf('1h', ' by (user) '), spendOf('24h', ' by (user) '))})`,
          legend: '{{user}}',
        },
      ],
      width: 12,
    },
  ],
}

/** Who is not who they should be. */
export const abuse: Dashboard = {
  name: 'abuse',
  title: 'MiniMax gateway: abuse',
  description:
    'Incidents and what was done, failed authentication, limits that were hit, what was denied, money out of line.',
  variables: [],
  rows: [incidents, doors, forbidden, spend],
}
