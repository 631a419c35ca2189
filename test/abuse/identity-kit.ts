import type { CallEvent } from '../../src/abuse/event.ts'
import { NO_GEO, type Geo } from '../../src/abuse/geo.ts'
import { networkList, SourceReader } from '../../src/abuse/source.ts'

export const MINUTE = 60_000
export const DAY = 1_440 * MINUTE
/** Midnight of some day, UTC. */
export const START = Date.UTC(2026, 0, 5)

/** A call of a server token, which went well. */
export function call(change: Partial<CallEvent> = {}): CallEvent {
  return {
    at: START,
    tokenId: 'token',
    userId: 'user',
    kind: 'server',
    endUser: '',
    plan: '',
    operation: 'chat.native',
    modality: 'chat',
    model: 'm',
    outcome: 'ok',
    refusal: null,
    providerCode: 0,
    charged: 1_000_000n,
    bytesIn: 1_000,
    contentHash: 0,
    address: '192.0.2.1',
    userAgent: 'curl/8',
    ...change,
  }
}

/** Reads sources as the gateway does. */
export function reader(allowed: readonly string[] = [], geo: Geo = NO_GEO): SourceReader {
  return new SourceReader({ key: 'key', allowed: networkList(allowed), geo })
}
