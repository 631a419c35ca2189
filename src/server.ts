import './lib/heap.ts'
import './lib/ticks.ts'
import closeWithGrace from 'close-with-grace'
import { GeoFileError } from './abuse/geo.ts'
import { createApp } from './app.ts'
import { ConfigError, loadConfig } from './config/load.ts'
import { openLog } from './log.ts'
import { PriceFileError } from './metering/price-book.ts'

/** What is left of the time after the drain, for closing. */
const CLOSE_MARGIN_MS = 10_000

async function main(): Promise<void> {
  const { config, warnings } = loadConfig()
  const log = openLog({ level: config.logLevel, format: config.logFormat })
  const { logger } = log
  for (const warning of warnings) logger.warn(warning)
  const app = await createApp({ config, log })
  const { publicUrl, adminUrl } = await app.listen()
  logger.info({ publicUrl, adminUrl, upstream: config.minimaxBaseUrl }, 'listening')
  if (app.adminToken.isNew) logger.info(`the admin token was made and written to ${app.adminToken.origin}`)
  // Reads the files of keys again; they are watched all the same. Prices are looked at every two seconds by themselves.
  process.on('SIGHUP', () => void app.reload())
  closeWithGrace(
    { delay: config.drainTimeout + CLOSE_MARGIN_MS, logger: false, skip: ['SIGHUP'] },
    async ({ signal, err }) => {
      if (err !== undefined)
        logger.fatal({ error: err.message, stack: err.stack }, 'stopping after an error that nothing caught')
      else logger.info({ signal }, 'draining')
      await app.drain()
      logger.info('stopped')
      log.close()
    },
  )
}

try {
  await main()
} catch (error) {
  // These name every mistake and its remedy; a stack would bury it.
  const isTold = [ConfigError, PriceFileError, GeoFileError].some((told) => error instanceof told)
  console.error(isTold && error instanceof Error ? error.message : error)
  process.exitCode = 1
}
