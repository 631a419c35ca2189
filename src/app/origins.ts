import { OriginBook } from '../auth/origins.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'

/** What the known origins are put together from. */
export interface OriginParts {
  readonly config: Pick<Config, 'corsOrigins' | 'jwtIssuers'>
  readonly store: Pick<Store, 'tokens'>
  readonly logger: Log['logger']
  readonly clock: Clock
}

/** Reads which origins are known, and goes on reading until it is closed. */
export async function openOrigins({ config, store, logger, clock }: OriginParts): Promise<OriginBook> {
  const book = new OriginBook({
    store: {
      // A page with a JWT asks beforehand as one with a token does.
      origins: async (now, most) => [
        ...config.jwtIssuers.flatMap(({ origins }) => origins ?? []),
        ...(await store.tokens.origins(now, most)),
      ],
    },
    clock,
    everybodys: config.corsOrigins,
    onError: (error) => logger.error({ err: error }, 'the origins that tokens name could not be read'),
  })
  await book.start()
  return book
}
