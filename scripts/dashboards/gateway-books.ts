import type { Row } from './model.ts'
import { INSTANCES, PREFIX, quantile, rate, total } from './promql.ts'

/** What is written to the disk, and what is held. */
export const books: Row = {
  title: 'Books',
  panels: [
    {
      kind: 'graph',
      title: 'Commits of the ledger',
      description:
        'How long a group of changes takes to be on disk. Every call waits for two. Above 50 ms: the disk is slow or full, or somebody else uses it.',
      unit: 's',
      queries: [
        { expr: quantile(0.5, 'ledger_commit_seconds', [], INSTANCES), legend: '50 %' },
        { expr: quantile(0.99, 'ledger_commit_seconds', [], INSTANCES), legend: '99 %' },
      ],
      width: 6,
      thresholds: [{ at: 0.05, colour: 'red' }],
    },
    {
      kind: 'graph',
      title: 'Commits a second',
      description:
        'Groups that were written. None while there is traffic: calls are refused with 503, because money fails closed.',
      unit: 'ops',
      queries: [
        { expr: rate('ledger_commit_seconds_count', ['instance'], INSTANCES), legend: '{{instance}}' },
      ],
      width: 6,
    },
    {
      kind: 'graph',
      title: 'Money held',
      description:
        'Reserved for calls and tasks under way. It goes back to nothing when nothing is under way; if it does not, settlement is stuck.',
      unit: 'currencyUSD',
      queries: [{ expr: `sum by (instance) (${PREFIX}held_usd{${INSTANCES}})`, legend: '{{instance}}' }],
      width: 6,
    },
    {
      kind: 'graph',
      title: 'Holds',
      description:
        'Calls and tasks for which something is held. Beside the requests under way: what is more are tasks.',
      unit: 'none',
      queries: [{ expr: `sum by (instance) (${PREFIX}holds{${INSTANCES}})`, legend: '{{instance}}' }],
      width: 6,
    },
  ],
}

/** Whether the numbers themselves can be relied on. */
export const sight: Row = {
  title: 'Metrics themselves',
  panels: [
    {
      kind: 'stat',
      of: 'range',
      title: 'Folded',
      description:
        'Series that were counted under `_other` or `other` because there are as many as there may be. Nothing is lost from totals, but names are: ask the ledger for those.',
      unit: 'none',
      queries: [{ expr: total('series_folded_total', [], INSTANCES), legend: 'folded' }],
      width: 4,
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Not counted',
      description:
        'Amounts that are in no metric because they are no quantities. The ledger has the calls; this is an error of the gateway, please report it.',
      unit: 'none',
      queries: [{ expr: total('metrics_lost_total', [], INSTANCES), legend: 'lost' }],
      width: 4,
      thresholds: [{ at: 1, colour: 'red' }],
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Samples in a scrape',
      description: 'They stay below 5,000, whatever clients send. Near it: lower the cap of users by name.',
      unit: 'short',
      queries: [{ expr: `max(scrape_samples_scraped{${INSTANCES}})`, legend: 'samples' }],
      width: 4,
      thresholds: [{ at: 5000, colour: 'red' }],
    },
    {
      kind: 'graph',
      title: 'Time of a scrape',
      description:
        'As Prometheus measures it: the text is made in 50 ms at 5,000 series. More: the process is busy, see the event loop.',
      unit: 's',
      queries: [{ expr: `scrape_duration_seconds{${INSTANCES}}`, legend: '{{instance}}' }],
      width: 12,
      thresholds: [{ at: 1, colour: 'orange' }],
    },
  ],
}
