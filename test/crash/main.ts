import { parseOptions, USAGE } from './options.ts'
import { crash } from './run.ts'

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), Date.now())
  if (options === undefined) {
    print(USAGE)
    return
  }
  print(`crashtest: seed ${options.seed}`)
  const result = await crash(options, print)
  for (const breach of result.breaches.slice(0, 50)) print(breach)
  const { kills, calls, whole, accepted, rows, interrupted, lost, missing, doubled, breaches } = result
  print(
    `crashtest: ${kills} kills, ${calls} calls, ${whole} received in full, ${accepted} accepted upstream, ${rows} rows, ${interrupted} interrupted: ${lost} lost, ${missing} missing, ${doubled} doubled, ${breaches.length} breaches (seed ${options.seed})`,
  )
  process.exitCode = breaches.length === 0 ? 0 : 1
}

try {
  await main()
} catch (error) {
  print(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
