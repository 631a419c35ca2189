#!/usr/bin/env node
import { main } from './cli/main.ts'
import { environment } from './config/load.ts'

// Whoever reads along, as `head` does, may have read enough: that is no error of anybody's.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

process.exitCode = await main(process.argv.slice(2), {
  env: environment,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  isTerminal: process.stdout.isTTY,
  input: process.stdin,
})
