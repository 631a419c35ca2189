/** `npm run demo`: the gateway and a stand-in for MiniMax, and one call of every modality through both. No key is needed. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkTotals, settledRows, sumsOf, type Ask, type BookRow } from './demo/books.ts'
import { Caller } from './demo/caller.ts'
import { freePort, GatewayProcess, type GatewayOptions, type RequestLine } from './demo/gateway.ts'
import { check } from './demo/media.ts'
import { report, take, type Taken } from './demo/run.ts'
import { size, took } from './demo/show.ts'
import { STEPS } from './demo/steps.ts'
import { money } from './demo/used.ts'
import { text } from './json.ts'
import { startEmulator, type Emulator } from './server.ts'

const USAGE = `Usage: npm run demo [-- --once]
Starts the gateway and an emulator of MiniMax, makes a user and a token, and calls every modality once.
Stays up until Ctrl-C; with --once everything stops, with exit code 0 when all went well.`

/** How the master key of every demo begins; the rest is made up. */
const KEY_PREFIX = 'sk-api-demo-'
/** What users of the demo pay, as a multiple of MiniMax's list price: another one than 1, so that both can be told apart. */
const MULTIPLIER = '0.4'
const USER = 'demo'

/** Aborted by the first signal to stop. Further ones change nothing: npm and the terminal may both send one. */
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
const stopped = once(stopping.signal, 'abort')

interface Parts {
  readonly emulator: Emulator
  readonly gateway: GatewayProcess
}

/** Where to listen: any free ports for one run, the usual ones or the next free ones when it stays. */
async function ports(isOnce: boolean): Promise<{ port: number; adminPort: number }> {
  if (isOnce) return { port: 0, adminPort: 0 }
  const port = await freePort(8080, 8081)
  const adminPort = await freePort(8081, port)
  if (port !== 8080) console.log(`Port 8080 is taken: the API is on ${port}.`)
  if (adminPort !== 8081) console.log(`Port 8081 is taken: the operator's listener is on ${adminPort}.`)
  return { port, adminPort }
}

async function start(isOnce: boolean, dataDir: string): Promise<Parts> {
  const masterKey = KEY_PREFIX + randomBytes(16).toString('hex')
  const options = { keys: [masterKey], record: false, taskDelayMs: 250, chunkDelayMs: 5 }
  const emulator = await startEmulator(options)
  try {
    const where = { dataDir, upstreamUrl: emulator.url, masterKey, multiplier: MULTIPLIER }
    return { emulator, gateway: await startGateway(where, isOnce) }
  } catch (error) {
    await emulator.close()
    throw error
  }
}

/** Starts the gateway; tries once more when somebody else took a port between the look and the start. */
async function startGateway(
  where: Omit<GatewayOptions, 'port' | 'adminPort'>,
  isOnce: boolean,
  tries = 2,
): Promise<GatewayProcess> {
  const gateway = new GatewayProcess({ ...where, ...(await ports(isOnce)) })
  try {
    await gateway.ready()
    return gateway
  } catch (error) {
    await gateway.stop()
    if (tries <= 1 || !gateway.complaints.includes('EADDRINUSE')) throw error
    return startGateway(where, isOnce, tries - 1)
  }
}

/** Takes every step. A signal ends it after the step under way. */
async function takeAll(caller: Caller): Promise<Taken[]> {
  const taken: Taken[] = []
  for (const step of STEPS) {
    if (stopping.signal.aborted) break
    taken.push(await take(step, caller))
  }
  return taken
}

/** The requests as the gateway's metrics count them, by outcome. */
async function counted(adminUrl: string): Promise<string> {
  const exposition = await (await fetch(`${adminUrl}/metrics`)).text()
  const totals = new Map<string, number>()
  const line = /^minimax_gateway_requests_total\{.*outcome="(\w+)".*\} (\d+)$/gm
  for (const [, outcome = '', count] of exposition.matchAll(line)) {
    totals.set(outcome, (totals.get(outcome) ?? 0) + Number(count))
  }
  return [...totals].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
}

/** What all of it came to. */
function paid(rows: readonly BookRow[]): string {
  const { list, charged, currency } = sumsOf(rows)
  return `Users pay ${MULTIPLIER} × MiniMax's list price here (PRICE_MULTIPLIER): ${money(list, currency)} at the list, ${money(charged, currency)} charged.`
}

function invitation({ emulator, gateway }: Parts, token: string): string {
  const { url, adminUrl, adminTokenFile } = gateway
  return `
  API          ${url}
  admin API    ${adminUrl}/admin/v1/users   (Authorization: Bearer <what is in ${adminTokenFile}>)
  ledger       ${adminUrl}/admin/v1/requests?user=${USER}   and totals: ${adminUrl}/admin/v1/usage?group_by=modality
  API docs     ${adminUrl}/openapi.json
  metrics      ${adminUrl}/metrics
  emulator     ${emulator.url}   (stands in for MiniMax)

  token        ${token}

Try it:

  curl ${url}/v1/text/chatcompletion_v2 \\
    -H "Authorization: Bearer ${token}" \\
    -H "Content-Type: application/json" \\
    -d '{"model": "abab6.5s-chat", "messages": [{"role": "user", "content": "Hello, MiniMax!"}]}'

  npm run -s gateway -- usage --by modality --url ${adminUrl} --admin-token-file ${adminTokenFile}
  npm run -s gateway -- requests --url ${adminUrl} --admin-token-file ${adminTokenFile}
`
}

function said(line: RequestLine): string {
  const { operation, model, outcome, status, durationMs, bytesOut } = line
  const what = model === '' ? operation : `${operation} ${model}`
  return `${new Date().toTimeString().slice(0, 8)}  ${what}  ${outcome} ${status}  ${took(durationMs)}  ${size(bytesOut)}`
}

async function demonstrate(parts: Parts, isOnce: boolean): Promise<boolean> {
  const { gateway } = parts
  await gateway.admin('POST', '/admin/v1/users', { id: USER, name: 'Demo' })
  const token = text((await gateway.admin('POST', `/admin/v1/users/${USER}/tokens`, { name: 'demo' })).token)
  check(token !== '', 'the admin API made no token')
  console.log(`Made the user “${USER}” and a token. ${STEPS.length} things to do …\n`)

  const taken = await takeAll(new Caller(gateway.url, token))
  const ask: Ask = (path) => gateway.admin('GET', path)
  const rows = await settledRows(ask, USER)
  const { table, failures } = await report(taken, gateway, rows)
  console.log(table)
  console.log(`\n${paid(rows)}`)
  console.log(`Requests by outcome, as /metrics counts them: ${await counted(gateway.adminUrl)}.`)
  for (const failure of failures) console.error(`\nFAILED: ${failure}`)
  if (failures.length === 0) await checkTotals(ask, USER, rows)
  check(taken.length === STEPS.length, 'stopped before it was through')
  if (failures.length > 0 || isOnce) return failures.length === 0

  console.log(invitation(parts, token))
  console.log('Requests are shown as they come. Ctrl-C ends everything.\n')
  gateway.onRequest = (line) => console.log(said(line))
  await Promise.race([stopped, gateway.ended.then(() => check(false, 'the gateway stopped by itself'))])
  return true
}

async function main(isOnce: boolean): Promise<boolean> {
  const dataDir = await mkdtemp(join(tmpdir(), 'minimax-gateway-demo-'))
  try {
    console.log('Starting the gateway and an emulator of MiniMax …')
    const parts = await start(isOnce, dataDir)
    try {
      return await demonstrate(parts, isOnce)
    } finally {
      await parts.gateway.stop()
      await parts.emulator.close()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) console.log(USAGE)
else {
  try {
    if (!(await main(values.once))) process.exitCode = 1
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
