import { parseArgs } from 'node:util'

export const USAGE = `Usage: npm run crashtest -- [--kills N] [--seconds S] [--seed N] [--workers N]

Kills a gateway under load with SIGKILL again and again, on one data directory, and compares the books with what its
clients received and with what the emulator took on.

  --kills N      how often (default 200)
  --seconds S    stop killing after so long, whatever --kills says (default: no limit)
  --seed N       the same seed gives the same calls and moments (default: of the clock)
  --workers N    calls at a time (default 12)
`

/** What a run was asked to do. */
export interface CrashOptions {
  readonly kills: number
  readonly seconds: number
  readonly seed: number
  readonly workers: number
}

function whole(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1`)
  return value
}

/** @returns undefined when help was asked for; throws on what cannot be understood */
export function parseOptions(args: readonly string[], now: number): CrashOptions | undefined {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { kills: text, seconds: text, seed: text, workers: text, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help === true) return undefined
  return {
    kills: whole('kills', values.kills, 200),
    seconds: whole('seconds', values.seconds, 86_400),
    seed: whole('seed', values.seed, now % 1_000_000_007),
    workers: whole('workers', values.workers, 12),
  }
}
