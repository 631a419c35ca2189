import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { measure, type Figure } from './measure.ts'
import { nginxVersion } from './nginx.ts'
import { parseOptions, USAGE, type BenchOptions } from './options.ts'
import { markdown, ratiosOf, warningsOf, type Setting } from './report.ts'
import { startTargets, type Targets } from './targets.ts'

const RESULTS = fileURLToPath(new URL('results.md', import.meta.url))

function versionOf(name: string): string {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return hasVersion ? String(manifest.version) : 'unknown'
}

function settingOf({ rounds, seconds }: BenchOptions): Setting {
  const names = ['fastify', '@fastify/http-proxy', 'undici']
  const nginx = nginxVersion()
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    packages: {
      ...Object.fromEntries(names.map((name) => [name, versionOf(name)])),
      ...(nginx === undefined ? {} : { nginx }),
    },
    rounds,
    seconds,
  }
}

/** Messages for the person who waits; stdout is for the tables. */
function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}

class Interrupted extends Error {}

/** Rejects when the person at the terminal has enough, so that what was started is stopped first. */
function interrupted(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new Interrupted('interrupted')))
    }
  })
}

async function measureAll({ rounds, seconds, workloads }: BenchOptions, targets: Targets): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const workload of workloads) {
    figures.push(...(await measure(workload, targets.list, { rounds, seconds, progress })))
  }
  return figures
}

async function bench(options: BenchOptions): Promise<void> {
  await using targets = await startTargets()
  const notices = [...targets.notices]
  if (process.platform !== 'linux') notices.push('CPU and memory are read from /proc, which is not here')
  const figures = await Promise.race([measureAll(options, targets), interrupted()])
  const setting = settingOf(options)
  for (const warning of warningsOf(figures)) progress(`WARNING: ${warning}`)
  const text = markdown(setting, options.workloads, figures, notices)
  if (options.json) {
    const ratios = options.workloads.flatMap((workload) =>
      ratiosOf(
        workload,
        figures.filter((one) => one.workload === workload.name),
      ),
    )
    console.log(JSON.stringify({ setting, notices, ratios, figures }, null, 2))
  } else process.stdout.write(text)
  if (options.record) writeFileSync(RESULTS, text)
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(USAGE)
  else await bench(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  // What was being measured when it was interrupted would go on until it notices.
  if (error instanceof Interrupted) process.exit(130)
  process.exitCode = 1
}
