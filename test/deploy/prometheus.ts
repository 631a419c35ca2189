import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { stringify } from 'yaml'

const Sample = Type.Object({
  metric: Type.Record(Type.String(), Type.String()),
  value: Type.Tuple([Type.Number(), Type.String()]),
})

/** What Prometheus answers to an instant query: labels, `[seconds, value as text]`. */
export type PrometheusSample = Static<typeof Sample>

const Answer = Type.Object({ data: Type.Object({ result: Type.Array(Sample) }) })
const Targets = Type.Object({
  data: Type.Object({
    activeTargets: Type.Array(Type.Object({ health: Type.String(), lastError: Type.String() })),
  }),
})

/** How long Prometheus may take to start, and then to scrape twice. */
const PATIENCE_MS = 20_000

/** What Prometheus is to do. */
export interface PrometheusOptions {
  /** `host:port` of operators' listeners. */
  readonly targets: readonly string[]
  /** What `/metrics` asks for; none: it is asked without. */
  readonly token?: string
  /** A folder whose `*.yml` are its rules. */
  readonly rulesDir?: string
}

/** A Prometheus of a test's own, on loopback. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string
  /** Answers an instant query that gives a vector. Rejects with Prometheus's own words when the query is wrong. */
  readonly query: (promql: string) => Promise<readonly PrometheusSample[]>
  /** Resolves when it has scraped every target so many times more. */
  readonly scraped: (times: number) => Promise<void>
  /** Ends it, and takes its folder out. */
  readonly close: () => Promise<void>
}

/** Whether a program of Prometheus can be started here; when not, says loudly that tests are skipped. */
export function isInstalled(program: 'prometheus' | 'promtool'): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    process.stderr.write(`NOT TESTED: what needs ${program}, because it is not installed\n`)
    return false
  }
}

/** Starts a real Prometheus that scrapes five times a second; resolves when it has scraped every target twice. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'))
  const file = join(folder, 'prometheus.yml')
  await writeFile(file, configuration(options))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-10_000)))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let closing: Promise<void> | undefined

  async function get(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const answer = await fetch(`${url}${path}?${new URLSearchParams(query).toString()}`)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`Prometheus answered ${answer.status}: ${text}`)
    return JSON.parse(text)
  }

  async function wait(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (!(await holds())) {
      if (performance.now() > end || child.exitCode !== null) throw new Error(`${what}: not in time. ${said}`)
      await pause(50)
    }
  }

  const query = async (promql: string) =>
    Value.Parse(Answer, await get('/api/v1/query', { query: promql })).data.result

  const prometheus: Prometheus = {
    url,
    query,
    async scraped(times) {
      // A sample of `up` is written after each scrape, so their number is the number of scrapes.
      const counts = async () => {
        const series = await query('count_over_time(up{job="minimax-gateway"}[1h])')
        return new Map(series.map(({ metric, value }) => [metric.instance ?? '', Number(value[1])]))
      }
      const before = await counts()
      await wait('scraping', async () => {
        const now = await counts()
        return options.targets.every((one) => (now.get(one) ?? 0) >= (before.get(one) ?? 0) + times)
      })
    },
    close() {
      closing ??= (async () => {
        child.kill('SIGTERM')
        await ended
        await rm(folder, { recursive: true, force: true })
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => prometheus.close(),
  }

  try {
    await wait('the start of Prometheus', () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    await prometheus.scraped(2)
    const { data } = Value.Parse(Targets, await get('/api/v1/targets'))
    const down = data.activeTargets.find(({ health }) => health !== 'up')
    if (down !== undefined) throw new Error(`Prometheus cannot scrape: ${down.lastError}`)
  } catch (error) {
    await prometheus.close()
    throw error
  }
  return prometheus
}

function configuration({ targets, token, rulesDir }: PrometheusOptions): string {
  return stringify({
    global: { scrape_interval: '200ms', scrape_timeout: '200ms', evaluation_interval: '200ms' },
    ...(rulesDir === undefined ? {} : { rule_files: [join(rulesDir, '*.yml')] }),
    scrape_configs: [
      {
        job_name: 'minimax-gateway',
        ...(token === undefined ? {} : { authorization: { type: 'Bearer', credentials: token } }),
        static_configs: [{ targets: [...targets] }],
      },
    ],
  })
}

/** A port of loopback that nobody listens on now: Prometheus does not tell which one it took. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('there is no port'))
        else resolve(address.port)
      })
    })
  })
}
