import { createGuard } from '../../../src/abuse/guard.ts'
import type { Signal } from '../../../src/signals.ts'
import { call, FakeWatchers, seen } from '../../abuse/incident-world.ts'
import type { House } from '../../auth/helper.ts'

/** Detection over the store of a house, with watchers that find what the test lays down. Its rounds never run by themselves. */
export function guardOf({ store, clock, tokens, authenticator }: House) {
  const watchers = new FakeWatchers()
  const guard = createGuard({
    store: store.incidents,
    clock,
    settings: { response: 'suspend', shadow: [] },
    retentionMs: 90 * 24 * 3_600_000,
    make: watchers.make,
    cross: [],
    actions: {
      throttle: ({ tokenId }, rate) => authenticator.throttle(tokenId, rate),
      unthrottle: ({ tokenId }) => authenticator.throttle(tokenId, null),
      suspend: async ({ tokenId }, incidentId) => {
        await tokens.suspend(tokenId, incidentId)
      },
      reinstate: async ({ tokenId }) => {
        await tokens.reinstate(tokenId)
      },
    },
    notice: () => undefined,
    changed: () => undefined,
    count: () => undefined,
    failed: (error) => {
      throw error
    },
    networkOf: () => ({ prefix: '192.0.2.0/24', isExempt: false }),
    tokensOf: async (userId) => {
      const { items } = await store.tokens.list({ limit: 1000, userId })
      return items.map(({ id }) => id)
    },
    timer: () => () => undefined,
  })

  /** A token is used, so many signals of full strength are found, and an incident is the end of it. @returns its id */
  async function finds(tokenId: string, userId: string, ...signals: readonly Signal[]): Promise<string> {
    watchers.found.set(
      tokenId,
      signals.map((signal) => seen(signal, 1)),
    )
    guard.observe(call(tokenId, clock.now(), { userId }))
    await guard.look()
    watchers.found.delete(tokenId)
    const { items } = await store.incidents.list({ limit: 1, tokenId })
    return items[0]?.id ?? ''
  }
  return { guard, finds }
}
