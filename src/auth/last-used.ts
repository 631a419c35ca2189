import { isIP } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import { systemTimer, type Timer } from '../lib/timer.ts'
import type { TokenStore, TokenUse } from '../store/store.ts'
import type { Identity } from './identity.ts'

/** Between two writes of the same token: what a crash loses at the most. */
const EVERY_MS = 60_000

/** What remembering the last uses works with. */
export interface LastUsedOptions {
  readonly store: Pick<TokenStore, 'used'>
  readonly clock: Pick<Clock, 'now'>
  /** Told when uses could not be written; they are tried again with the next. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly timer?: Timer | undefined
}

/** Remembers when and from where each token was last let in. */
export interface LastUsed {
  /** A request was let in. Of a session its token was used; of a JWT there is none. Costs a look into a map. */
  used(identity: Pick<Identity, 'kind' | 'tokenId'>, address: string): void
  /** Writes what is not written yet, and ends. Only then may the store be closed. */
  close(): Promise<void>
}

interface LatestUse {
  at: number
  address: string
}

/** An address of IPv4 as a socket of both families shows it. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** What a proxy says of its client may be any text: only an address is kept. */
function useFrom([id, { at, address }]: readonly [string, LatestUse]): TokenUse {
  const plain = MAPPED.exec(address)?.[1] ?? address
  return { id, at, address: isIP(plain) === 0 ? null : plain }
}

/** Keeps uses in memory, one for each token, and writes them together once a minute. */
export function createLastUsed(options: LastUsedOptions): LastUsed {
  const { store, clock, onError, timer = systemTimer } = options
  let latest = new Map<string, LatestUse>()
  let underway: Promise<void> | null = null
  let cancel = (): void => undefined
  let isClosed = false

  /** What could not be written waits for the next time, unless the token was used meanwhile. */
  function takeBack(uses: ReadonlyMap<string, LatestUse>): void {
    for (const [id, use] of uses) if (!latest.has(id)) latest.set(id, use)
  }

  async function write(): Promise<void> {
    const uses = latest
    if (uses.size === 0) return
    latest = new Map()
    try {
      await store.used([...uses].map(useFrom))
    } catch (error) {
      takeBack(uses)
      onError(error)
    }
  }

  function plan(): void {
    cancel = timer(() => {
      underway = write().finally(() => {
        underway = null
        if (!isClosed) plan()
      })
    }, EVERY_MS)
  }

  plan()
  return {
    used({ kind, tokenId }, address) {
      if (kind === 'jwt') return
      const use = latest.get(tokenId)
      if (use === undefined) latest.set(tokenId, { at: clock.now(), address })
      else {
        use.at = clock.now()
        use.address = address
      }
    },
    async close() {
      isClosed = true
      cancel()
      await underway
      await write()
    },
  }
}
