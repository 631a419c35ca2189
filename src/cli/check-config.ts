import { everySetting } from '../config/describe.ts'
import { ConfigError, loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { formatDuration } from '../lib/durations.ts'
import { inspectPrices, readPrices } from '../metering/price-file.ts'
import type { Command } from './command.ts'
import type { Environment } from '../config/sources.ts'

/** The configuration as the gateway would read it, with the file of prices, or everything that is wrong with them. */
export async function readConfig(
  env: Environment,
): Promise<
  { readonly config: Config; readonly warnings: readonly string[] } | { readonly problems: readonly string[] }
> {
  try {
    const read = loadConfig({ env })
    const { pricesFile } = read.config
    if (pricesFile === undefined) return read
    const prices = inspectPrices(pricesFile, await readPrices(pricesFile))
    return 'problems' in prices ? prices : read
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems }
    throw error
  }
}

const DURATIONS = new Set(
  everySetting.filter(({ kind }) => kind === 'duration').map(({ variable }) => variable),
)

function variableOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** A value in one line; secrets print as such. */
function textOf(variable: string, value: unknown): string {
  if (typeof value === 'number' && DURATIONS.has(variable)) return formatDuration(value)
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((item) => textOf('', item)).join(', ') || '(none)'
  return JSON.stringify(value)
}

/** `check-config`: the settings in effect, or every problem with them. */
export const checkConfig: Command = {
  words: 'check-config',
  positionals: [],
  options: [],
  summary: 'Print the settings in effect, without secrets, or everything that is wrong with them',
  async run({ isJson }, io) {
    const read = await readConfig(io.env)
    if ('problems' in read) {
      if (isJson) io.out(JSON.stringify({ ok: false, problems: read.problems }))
      else for (const problem of read.problems) io.err(problem)
      return 1
    }
    const { config, warnings } = read
    if (isJson) {
      io.out(JSON.stringify({ ok: true, config, warnings }))
      return 0
    }
    for (const warning of warnings) io.err(`warning: ${warning}`)
    for (const [name, value] of Object.entries(config)) {
      const variable = variableOf(name)
      if (value !== undefined) io.out(`${variable} = ${textOf(variable, value)}`)
    }
    return 0
  },
}
