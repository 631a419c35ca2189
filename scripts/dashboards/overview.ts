import type { Dashboard, Row } from './model.ts'
import { FAULTS, orZero, PREFIX, quantile, rate, ratio, STEP, total } from './promql.ts'

/** Operations that the viewer chose. */
const CHOSEN = 'operation=~"$operation"'
const BLAMED = `label_replace(rate(${PREFIX}requests_total{${CHOSEN}}[${STEP}]), "blame", "$1", "outcome", "([a-z]+).*")`

const charged = total('charged_usd_total')
const list = total('list_usd_total')

const now: Row = {
  title: 'Now',
  panels: [
    {
      kind: 'stat',
      of: 'now',
      title: 'Requests',
      description:
        'Requests that end, of the chosen operations. None at a busy time: look whether clients still reach the public listener.',
      unit: 'reqps',
      queries: [{ expr: rate('requests_total', [], CHOSEN), legend: 'requests' }],
      width: 4,
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Failed, and no caller to blame',
      description:
        'Share of requests that ended by a fault of MiniMax or of the gateway. Above 1 %: see below whose it is, then the dashboard of that side.',
      unit: 'percentunit',
      queries: [
        {
          expr: ratio(
            orZero(rate('requests_total', [], `${CHOSEN}, ${FAULTS}`)),
            rate('requests_total', [], CHOSEN),
          ),
          legend: 'failed',
        },
      ],
      width: 4,
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
        'Within this time MiniMax began to answer 95 of 100 requests. Chat takes seconds; compare with the days before.',
      unit: 's',
      queries: [{ expr: quantile(0.95, 'first_byte_seconds', [], CHOSEN), legend: 'first byte' }],
      width: 4,
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Charged',
      description:
        'What users pay for the time that is shown. Prometheus estimates between its scrapes: bills come from the ledger, by the CLI’s `usage`.',
      unit: 'currencyUSD',
      queries: [{ expr: charged, legend: 'charged' }],
      width: 4,
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Margin',
      description:
        'What is left of the charged money after MiniMax’s list price, as a share of it. Below zero the operator pays: raise PRICE_MULTIPLIER or the multipliers of plans, unless that is meant.',
      unit: 'percentunit',
      queries: [{ expr: ratio(`(${charged} - ${list})`, charged), legend: 'margin' }],
      width: 4,
      base: 'red',
      thresholds: [{ at: 0, colour: 'green' }],
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Alerts',
      description:
        'Alert rules of deploy/prometheus that fire now. Prometheus tells which, on its page of alerts.',
      unit: 'none',
      queries: [{ expr: orZero('count(ALERTS{alertstate="firing"})'), legend: 'firing' }],
      width: 4,
      thresholds: [{ at: 1, colour: 'red' }],
    },
  ],
}

const traffic: Row = {
  title: 'Traffic',
  panels: [
    {
      kind: 'graph',
      title: 'Requests by blame',
      description:
        'How requests end and whose fault it is when they fail. Orange: see the dashboard of upstream. Red: see that of the gateway. Blue: clients err.',
      unit: 'reqps',
      queries: [{ expr: `sum by (blame) (${BLAMED})`, legend: '{{blame}}' }],
      width: 12,
      stacked: true,
      colours: { ok: 'green', caller: 'blue', provider: 'orange', gateway: 'red' },
    },
    {
      kind: 'graph',
      title: 'Failures by outcome',
      description:
        'Every outcome other than ok. Which of them is new since things went wrong? The admin API lists the calls: requests?outcome=….',
      unit: 'reqps',
      queries: [
        { expr: rate('requests_total', ['outcome'], `${CHOSEN}, outcome!="ok"`), legend: '{{outcome}}' },
      ],
      width: 12,
    },
    {
      kind: 'graph',
      title: 'Requests by operation',
      description:
        'The ten busiest operations at every moment. `unknown` are paths that do not exist: a client with a wrong base URL, or a scanner.',
      unit: 'reqps',
      queries: [
        { expr: `topk(10, ${rate('requests_total', ['operation'], CHOSEN)})`, legend: '{{operation}}' },
      ],
      width: 12,
    },
    {
      kind: 'graph',
      title: 'Requests by model',
      description:
        'The ten busiest models at every moment. `other` are names that MiniMax does not list: when it grows, clients ask for something new, or make names up.',
      unit: 'reqps',
      queries: [
        {
          expr: `topk(10, ${rate('requests_total', ['model'], `${CHOSEN}, model!=""`)})`,
          legend: '{{model}}',
        },
      ],
      width: 12,
    },
  ],
}

const latency: Row = {
  title: 'Latency',
  panels: [
    {
      kind: 'graph',
      title: 'First byte',
      description:
        'From a request’s first byte to the first byte that MiniMax answers. When all lines rise, MiniMax is slow or turns are waited for (dashboard of upstream).',
      unit: 's',
      queries: [
        { expr: quantile(0.5, 'first_byte_seconds', [], CHOSEN), legend: '50 %' },
        { expr: quantile(0.95, 'first_byte_seconds', [], CHOSEN), legend: '95 %' },
        { expr: quantile(0.99, 'first_byte_seconds', [], CHOSEN), legend: '99 %' },
      ],
      width: 12,
    },
    {
      kind: 'graph',
      title: 'Whole request by operation, 95 %',
      description:
        'To the last byte of the answer. Speech, songs and long streams take their time; one operation that leaves its usual line does not.',
      unit: 's',
      queries: [
        {
          expr: `topk(10, ${quantile(0.95, 'request_seconds', ['operation'], CHOSEN)})`,
          legend: '{{operation}}',
        },
      ],
      width: 12,
    },
  ],
}

const money: Row = {
  title: 'Money',
  panels: [
    {
      kind: 'graph',
      title: 'Spend an hour',
      description:
        'What users are charged, beside MiniMax’s list price of the same calls. A step without a step in requests: somebody has found the dear models (dashboard of users).',
      unit: 'currencyUSD',
      queries: [
        { expr: `${rate('charged_usd_total')} * 3600`, legend: 'charged' },
        { expr: `${rate('list_usd_total')} * 3600`, legend: 'list' },
      ],
      width: 12,
    },
    {
      kind: 'graph',
      title: 'Calls without a price of their own',
      description:
        'By why: `ceiling` was charged by the dearest price of its modality, `asked` by the model that was asked for; `unknown` was refused; `unpriced` and `refused` cost nothing, although MiniMax bills them. Add the model to the file of prices.',
      unit: 'ops',
      queries: [
        {
          expr: rate('price_lookups_total', ['status'], 'status=~"asked|ceiling|unknown|unpriced|refused"'),
          legend: '{{status}}',
        },
      ],
      width: 12,
      colours: { unpriced: 'red', refused: 'red', unknown: 'orange' },
    },
  ],
}

/** Whether all is well, in one look. */
export const overview: Dashboard = {
  name: 'overview',
  title: 'MiniMax gateway: overview',
  description: 'Whether all is well: traffic, whose fault failures are, latency, spend and margin.',
  variables: [
    {
      name: 'operation',
      title: 'Operation',
      metric: `${PREFIX}requests_total`,
      label: 'operation',
      all: true,
    },
  ],
  rows: [now, traffic, latency, money],
}
