import { accessCommands } from './access-requests.ts'
import { auditCommands } from './audit.ts'
import { bookCommands } from './books.ts'
import { checkConfig } from './check-config.ts'
import { checkArguments, parseLine, type Command } from './command.ts'
import { creditCommands } from './credit.ts'
import { doctor } from './doctor.ts'
import { endUserCommands } from './end-users.ts'
import { helpOf, helpOfCommand } from './help.ts'
import { incidentCommands } from './incidents.ts'
import { CommandError, UsageError, type Io } from './io.ts'
import { keyCommands } from './keys.ts'
import { limitCommands } from './limits.ts'
import { objectCommands } from './objects.ts'
import { operatorCommands } from './operators.ts'
import { planCommands } from './plans.ts'
import { sessionCommands } from './sessions.ts'
import { tokenCommands } from './tokens.ts'
import { userCommands } from './users.ts'

const COMMANDS: readonly Command[] = [
  ...userCommands,
  ...tokenCommands,
  ...sessionCommands,
  ...endUserCommands,
  ...accessCommands,
  ...planCommands,
  ...limitCommands,
  ...creditCommands,
  ...bookCommands,
  ...objectCommands,
  ...incidentCommands,
  ...operatorCommands,
  ...auditCommands,
  ...keyCommands,
  checkConfig,
  doctor,
]

/** The command that the first words call, and what stands after them. */
function commandOf(words: readonly string[]): { command: Command; rest: readonly string[] } {
  for (const length of [3, 2, 1]) {
    const called = words.slice(0, length).join(' ')
    const command = COMMANDS.find((one) => one.words === called)
    if (command !== undefined) return { command, rest: words.slice(length) }
  }
  throw new UsageError(`there is no command "${words.slice(0, 2).join(' ')}"`)
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const { positionals, options, isJson, isHelp } = parseLine(argv)
  if (positionals[0] === 'help' || (isHelp && positionals.length === 0)) {
    io.out(helpOf(COMMANDS))
    return 0
  }
  if (positionals.length === 0) throw new UsageError('which command?')
  const { command, rest } = commandOf(positionals)
  if (isHelp) {
    io.out(helpOfCommand(command))
    return 0
  }
  const args = { positionals: rest, options, isJson }
  checkArguments(command, args)
  return await command.run(args, io)
}

/**
 * The operator's command line.
 * @param argv what stands after the program's name
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await run(argv, io)
  } catch (error) {
    const isUsage = error instanceof UsageError
    if (!isUsage && !(error instanceof CommandError)) throw error
    const { message } = error
    const code = isUsage ? 'usage' : error.code
    if (argv.includes('--json')) io.err(JSON.stringify({ error: { code, message } }))
    else io.err(`error: ${message}${isUsage ? '\nSee "minimax-gateway help".' : ''}`)
    return isUsage ? 2 : error.exitCode
  }
}
