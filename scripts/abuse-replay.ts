import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { identityTable, runIdentitySimulation } from '../src/abuse/replay/identity.ts'
import { learnCohorts, replay } from '../src/abuse/replay/replay.ts'
import { tableOf, type Report } from '../src/abuse/replay/report.ts'
import { parseTraffic, type Client } from '../src/abuse/replay/traffic.ts'
import { WEEK } from '../src/abuse/replay/trial.ts'

const USAGE = `npm run abuse:replay -- FILE [--seed N] [--attacks N] [--clients all|chosen|held-out] [--json]

Replays a traffic file through the detector of volume, and prints how many false alarms there are in the second week and
how many attacks are found. FILE has one client a line: {"client": "a", "window_s": 600, "requests": [2016 counts]}.

--seed N      of the times of the attacks (1)
--attacks N   of each size on each client (12)
--clients     which of them: chosen (even lines: the parameters were chosen on those of the public file), held-out (odd
              lines), all; without it both halves, each by itself
--json        the reports as JSON
--identity    instead of a file: tokens and people who share them, made up, before the detector of sources (see docs/abuse.md)
--tokens N    how many of them (300)`

/** What is wrong with the command line or the file, in words for whoever typed it. */
class Problem extends Error {}

const { values, positionals } = parsed()

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: '1' },
        attacks: { type: 'string', default: '12' },
        clients: { type: 'string' },
        json: { type: 'boolean', default: false },
        identity: { type: 'boolean', default: false },
        tokens: { type: 'string', default: '300' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    console.error(`${String(error)}\n\n${USAGE}`)
    process.exit(1)
  }
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text)
  if (/^\d{1,10}$/.test(text) && value >= 1 && value <= most) return value
  throw new Problem(`--${name} is not a whole number from 1 to ${String(most)}: ${text}`)
}

function read(path: string): readonly Client[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Problem(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return parseTraffic(text, 2 * WEEK)
}

type Part = readonly [name: string, belongs: (index: number) => boolean]

const PARTS: readonly Part[] = [
  ['chosen', (index) => index % 2 === 1],
  ['held-out', (index) => index % 2 === 0],
]
const EVERY: Part = ['all', () => true]

function partsOf(name: string | undefined): readonly Part[] {
  if (name === undefined) return PARTS
  const part = [...PARTS, EVERY].find(([known]) => known === name)
  if (part === undefined) throw new Problem(`--clients is all, chosen or held-out, not ${name}`)
  return [part]
}

function runIdentity(): string {
  if (positionals.length > 0) throw new Problem(`--identity reads no file\n\n${USAGE}`)
  const seed = whole('seed', values.seed, 2 ** 32 - 1)
  const results = runIdentitySimulation({ seed, tokens: whole('tokens', values.tokens, 100_000) })
  return values.json ? JSON.stringify(results) : identityTable(results)
}

function runVolume(): string {
  const reports = run()
  return values.json ? JSON.stringify(reports) : reports.map(tableOf).join('\n')
}

function run(): readonly Report[] {
  const [path, ...rest] = positionals
  if (path === undefined || rest.length > 0) throw new Problem(`name one file\n\n${USAGE}`)
  const seed = whole('seed', values.seed, 2 ** 32 - 1)
  const attacks = whole('attacks', values.attacks, 1_000)
  const parts = partsOf(values.clients)
  const clients = read(path)
  const chosen = PARTS[0]
  return parts.map(([name, belongs]) => {
    // What is usual in the plan is learnt from the chosen half alone, so that the other stays unseen.
    const cohorts = learnCohorts(clients.filter((_, index) => chosen?.[1](index)))
    return replay(
      clients.filter((_, index) => belongs(index)),
      { name, seed, attacks, cohorts },
    )
  })
}

if (values.help) {
  console.log(USAGE)
} else {
  try {
    console.log(values.identity ? runIdentity() : runVolume())
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
