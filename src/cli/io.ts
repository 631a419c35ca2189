import type { Environment } from '../config/sources.ts'

/** What a command may see of the world around it. */
export interface Io {
  readonly env: Environment
  /** Writes a line to stdout: the result, and nothing else. */
  out(line: string): void
  /** Writes a line to stderr: everything that is not the result. */
  err(line: string): void
  /** Whether stdout is a terminal, where a person reads. */
  readonly isTerminal: boolean
  /** What comes in by stdin, for commands that read it. */
  readonly input?: AsyncIterable<Uint8Array>
}

/** The command line itself is wrong. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command could not do its work. Exit code 1, unless that means something else with the command. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  readonly exitCode: number

  constructor(code: string, message: string, exitCode = 1) {
    super(message)
    this.code = code
    this.exitCode = exitCode
  }
}
