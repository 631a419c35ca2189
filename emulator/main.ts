import { parseArgs } from 'node:util'
import { SCENARIOS } from './scenarios.ts'
import { startEmulator } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    host: { type: 'string' },
    key: { type: 'string', multiple: true },
    'task-delay': { type: 'string' },
    'chunk-delay': { type: 'string' },
    'requests-per-minute': { type: 'string' },
    callbacks: { type: 'boolean' },
    'no-record': { type: 'boolean' },
    'accept-log': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

const USAGE = `Usage: npm run emulator -- [--port 9090] [--host 127.0.0.1] [--key KEY]... [--task-delay MS]
                          [--chunk-delay MS] [--requests-per-minute N] [--callbacks] [--no-record] [--accept-log FILE]
A stand-in for the MiniMax API: same paths, same shapes, invented content. HOST and PORT work too.`

if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

const host = values.host ?? process.env.HOST ?? '127.0.0.1'
const port = Number(values.port ?? process.env.PORT ?? '9090')
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`emulator: not a port: ${values.port ?? process.env.PORT ?? ''}`)
  process.exit(1)
}

const emulator = await startEmulator({
  host,
  port,
  ...(values.key ? { keys: values.key } : {}),
  taskDelayMs: Number(values['task-delay'] ?? '2000'),
  chunkDelayMs: Number(values['chunk-delay'] ?? '30'),
  callbacks: values.callbacks ?? false,
  ...(values['requests-per-minute'] === undefined
    ? {}
    : { rateLimit: { requests: Number(values['requests-per-minute']) } }),
  record: !values['no-record'],
  ...(values['accept-log'] === undefined ? {} : { acceptLog: values['accept-log'] }),
}).catch((error: unknown) => {
  console.error(
    `emulator: cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`,
  )
  return process.exit(1)
})

const names = Object.entries(SCENARIOS).map(([name, { args }]) => (args === '' ? name : `${name}@${args}`))
console.log(`MiniMax emulator on ${emulator.url}
  A stand-in for the MiniMax API: no key of theirs is needed, any API key is accepted unless --key is given.
  Counts: GET /__emulator/requests   Accepted: GET /__emulator/accepts   Clean: POST /__emulator/reset   Health: GET /__emulator/health
  Misbehaviour: model "scenario:<name>@<args>", header "x-emulator-scenario: <name>@<args>", or
  POST /__emulator/scenarios {operation?, path?, times?, use}; POST /__emulator/rate {requests, window_ms?}. Names:
    ${names.join('  ')}`)

const stop = (): void => {
  void emulator.close().then(() => process.exit(0))
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
