import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startChild } from './child.ts'
import { startGateway } from './gateway.ts'
import { callFor, newOutcome, type Callers, type Outcome } from './overload-clients.ts'
import { quantile } from './statistics.ts'

/** Calls the gateway with half of what it can do, all of it, and ten times as many callers. Writes bench/overload.md. */

const RESULTS = fileURLToPath(new URL('overload.md', import.meta.url))

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '400' },
    'upstream-ms': { type: 'string', default: '400' },
    delay: { type: 'string', default: '50ms' },
    record: { type: 'boolean', default: false },
  },
})
const seconds = Math.min(20, Number(values.seconds))
const connections = Number(values.connections)
const SETTLE_MS = Math.min(3_000, seconds * 300)

interface Phase {
  readonly name: string
  readonly perSecond: number
  readonly outcome: Outcome
}

function times(list: readonly number[], part: number): string {
  return list.length === 0
    ? '–'
    : quantile(
        list.toSorted((a, b) => a - b),
        part,
      ).toFixed(1)
}

function row({ name, perSecond, outcome }: Phase): string {
  const { accepted, refused, timeouts, errors } = outcome
  const rejects = ((refused.length * 1_000) / (seconds * 1_000 - SETTLE_MS)).toFixed(0)
  return `| ${name} | ${perSecond.toFixed(0)} | ${times(accepted, 0.5)} | ${times(accepted, 0.99)} | ${rejects} | ${times(refused, 0.5)} | ${times(refused, 0.99)} | ${timeouts} | ${errors} |`
}

async function main(): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'minimax-gateway-overload-'))
  stack.defer(() => rmSync(dir, { recursive: true, force: true }))
  const upstream = await startChild('overload-upstream.ts', [values['upstream-ms']])
  stack.defer(() => upstream.stop())
  const gateway = await startGateway({
    upstreamUrl: upstream.url,
    key: `sk-api-${randomBytes(24).toString('hex')}`,
    dataDir: join(dir, 'data'),
    env: { OVERLOAD_DELAY: values.delay },
  })
  stack.defer(() => gateway.stop())
  const quiet = await gateway.newToken('quiet')

  async function phase(name: string, callers: readonly Callers[]): Promise<readonly Phase[]> {
    const ms = seconds * 1_000
    const outcomes = callers.map(newOutcome)
    await Promise.all(
      callers.map((one, at) => callFor(gateway.url, one, ms, SETTLE_MS, outcomes[at] ?? newOutcome())),
    )
    return outcomes.map((outcome, at) => {
      if (outcome.firstError !== '') process.stderr.write(`${name}: ${outcome.firstError}\n`)
      const perSecond = (outcome.accepted.length * 1_000) / (ms - SETTLE_MS)
      return { name: callers.length > 1 ? `${name}: user ${at + 1}` : name, perSecond, outcome }
    })
  }
  const { token } = gateway
  const [peak] = await phase(`peak, ${connections} connections`, [{ token, connections, rate: null }])
  if (peak === undefined) return
  const half = { token, connections, rate: peak.perSecond / 2 }
  const nominal = await phase('nominal, half of the peak', [half])
  const many = { token, connections: connections * 10, rate: null }
  const over = await phase(`${connections * 10} connections`, [many])
  const well = { token: quiet, connections: 32, rate: peak.perSecond / 20 }
  const beside = await phase('half of the peak, beside a quiet user', [half, well])
  const flooded = await phase('a flood, beside a quiet user', [many, well])
  const rows = [...nominal, peak, ...over, ...beside, ...flooded].map(row)
  const text = [
    '# Overload',
    `\`npm run bench:overload\`: ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${availableParallelism()} cores, which the callers, the upstream and the gateway share; ` +
      `${seconds} s for each line, the first ${SETTLE_MS} ms of them not counted; OVERLOAD_DELAY=${values.delay}; the upstream answers after ${values['upstream-ms']} ms. ` +
      'Callers of the peak and of the flood call again as soon as they have an answer; who is refused waits for as long as Retry-After says, as the SDKs do. ' +
      'The others call at random times, on connections of their own, one call at a time each. User 2 is the quiet one. Times are milliseconds, as the callers see them.',
    [
      '| | accepted/s | p50 | p99 | refused/s | refused p50 | refused p99 | timeouts | errors |',
      '| --- | --: | --: | --: | --: | --: | --: | --: | --: |',
      ...rows,
    ].join('\n'),
  ].join('\n\n')
  process.stdout.write(`${text}\n`)
  if (values.record) writeFileSync(RESULTS, `${text}\n`)
}

await main()
