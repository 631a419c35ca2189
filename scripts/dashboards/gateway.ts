import { books, sight } from './gateway-books.ts'
import type { Dashboard, Row } from './model.ts'
import { INSTANCES, PREFIX, quantile, rate, ratio, STEP } from './promql.ts'

const cpu = `rate(process_cpu_seconds_total{${INSTANCES}}[${STEP}])`

const health: Row = {
  title: 'Health',
  panels: [
    {
      kind: 'stat',
      of: 'now',
      title: 'Scraped',
      description:
        'Whether Prometheus reaches each process. Down: it is stopped, or the metrics token is not the one that Prometheus has.',
      unit: 'none',
      queries: [{ expr: `up{${INSTANCES}}`, legend: '{{instance}}' }],
      width: 5,
      base: 'red',
      words: { '0': 'down', '1': 'up' },
      thresholds: [{ at: 1, colour: 'green' }],
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Draining',
      description:
        'A process that is about to stop takes no new calls. One that drains for longer than DRAIN_TIMEOUT is stuck: see what is under way below, then kill it; the ledger settles the rest.',
      unit: 'none',
      queries: [{ expr: `sum by (instance) (${PREFIX}draining{${INSTANCES}})`, legend: '{{instance}}' }],
      width: 4,
      words: { '0': 'no', '1': 'yes' },
      thresholds: [{ at: 1, colour: 'orange' }],
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Up since',
      description:
        'Time since the start of each process. Shorter than you know of: it was restarted; the log and the orchestrator tell why.',
      unit: 'dtdurations',
      queries: [{ expr: `time() - process_start_time_seconds{${INSTANCES}}`, legend: '{{instance}}' }],
      width: 5,
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'CPU for a request',
      description:
        'Processor time of the process for each request that ends, everything included. A new version that doubles it is not the one you want.',
      unit: 's',
      queries: [{ expr: ratio(`sum(${cpu})`, rate('requests_total', [], INSTANCES)), legend: 'each' }],
      width: 5,
    },
    {
      kind: 'stat',
      of: 'now',
      title: 'Added latency, 99 %',
      description:
        'From a request’s first byte until it is sent to MiniMax, waiting for the body and for a turn included. See the lines below for which operation.',
      unit: 's',
      queries: [{ expr: quantile(0.99, 'overhead_seconds', [], INSTANCES), legend: 'added' }],
      width: 5,
      thresholds: [
        { at: 0.05, colour: 'yellow' },
        { at: 0.25, colour: 'red' },
      ],
    },
  ],
}

const speed: Row = {
  title: 'Speed',
  panels: [
    {
      kind: 'graph',
      title: 'Added latency',
      description:
        'From a request’s first byte until it is sent to MiniMax. Half of them within about a millisecond; uploads take as long as their sender.',
      unit: 's',
      queries: [
        { expr: quantile(0.5, 'overhead_seconds', [], INSTANCES), legend: '50 %' },
        { expr: quantile(0.95, 'overhead_seconds', [], INSTANCES), legend: '95 %' },
        { expr: quantile(0.99, 'overhead_seconds', [], INSTANCES), legend: '99 %' },
      ],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Added latency by operation, 95 %',
      description:
        'The ten slowest. All at once: the event loop or the ledger is slow. One alone: its bodies are large.',
      unit: 's',
      queries: [
        {
          expr: `topk(10, ${quantile(0.95, 'overhead_seconds', ['operation'], INSTANCES)})`,
          legend: '{{operation}}',
        },
      ],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Requests under way',
      description:
        'By process. It falls to nothing while a process drains; if it does not before DRAIN_TIMEOUT, the rest is settled as interrupted.',
      unit: 'none',
      queries: [{ expr: `sum by (instance) (${PREFIX}inflight{${INSTANCES}})`, legend: '{{instance}}' }],
      width: 8,
    },
  ],
}

const node: Row = {
  title: 'The process',
  panels: [
    {
      kind: 'graph',
      title: 'Delay of the event loop, 99 %',
      description:
        'How long work waits for the processor. Beyond OVERLOAD_DELAY (50 ms unless set) requests are refused with 503: add a replica, or find the call that blocks.',
      unit: 's',
      queries: [
        { expr: `nodejs_eventloop_lag_p99_seconds{${INSTANCES}}`, legend: '{{instance}} 99 %' },
        { expr: `nodejs_eventloop_lag_p50_seconds{${INSTANCES}}`, legend: '{{instance}} 50 %' },
      ],
      width: 12,
      thresholds: [{ at: 0.05, colour: 'red' }],
    },
    {
      kind: 'graph',
      title: 'CPU',
      description: '1 is one processor. The event loop has one: near it, add a replica.',
      unit: 'percentunit',
      queries: [{ expr: cpu, legend: '{{instance}}' }],
      width: 12,
      thresholds: [{ at: 0.9, colour: 'orange' }],
    },
    {
      kind: 'graph',
      title: 'Memory',
      description:
        'Resident, of the heap in use, and outside of the heap (bodies under way). Resident that grows for days while traffic does not: a leak; take a heap snapshot.',
      unit: 'bytes',
      queries: [
        { expr: `process_resident_memory_bytes{${INSTANCES}}`, legend: '{{instance}} resident' },
        { expr: `nodejs_heap_size_used_bytes{${INSTANCES}}`, legend: '{{instance}} heap' },
        { expr: `nodejs_external_memory_bytes{${INSTANCES}}`, legend: '{{instance}} outside' },
      ],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Time in garbage collection',
      description:
        'Share of the time. Major collections above a few percent: memory is short, or something holds on to it.',
      unit: 'percentunit',
      queries: [
        {
          expr: `sum by (kind) (rate(nodejs_gc_duration_seconds_sum{${INSTANCES}}[${STEP}]))`,
          legend: '{{kind}}',
        },
      ],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Open files and sockets',
      description:
        'Share of what the system allows a process. Above 80 %: raise the limit (nofile), or look for connections that are never closed.',
      unit: 'percentunit',
      queries: [
        { expr: `process_open_fds{${INSTANCES}} / process_max_fds{${INSTANCES}}`, legend: '{{instance}}' },
      ],
      width: 8,
      thresholds: [{ at: 0.8, colour: 'red' }],
    },
  ],
}

/** How the gateway itself does. */
export const gateway: Dashboard = {
  name: 'gateway',
  title: 'MiniMax gateway: the gateway itself',
  description:
    'How the processes do: added latency, event loop, memory, CPU, commits of the ledger, money held, series.',
  variables: [
    { name: 'instance', title: 'Process', metric: `${PREFIX}inflight`, label: 'instance', all: true },
  ],
  rows: [health, speed, node, books, sight],
}
