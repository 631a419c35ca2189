import type { CallEvent } from '../../src/abuse/event.ts'
import { WINDOW_MS, type Volume } from '../../src/abuse/volume.ts'

/** Windows of a day. */
export const DAY = 144

/** A call of a server token that was made at time 0. */
export function callAt(at: number, event: Partial<CallEvent> = {}): CallEvent {
  return {
    at,
    tokenId: 'token-1',
    userId: 'user-1',
    kind: 'server',
    endUser: '',
    plan: 'small',
    operation: 'chat.native',
    modality: 'chat',
    model: 'MiniMax-M2',
    outcome: 'ok',
    refusal: null,
    providerCode: 0,
    charged: 1_000_000n,
    bytesIn: 100,
    contentHash: 1,
    address: '192.0.2.1',
    userAgent: 'curl/8',
    ...event,
  }
}

/** Counts so many requests, each of a thousandth of a unit of money, in every window from one up to another. */
export function use(volume: Volume, from: number, to: number, requests: (window: number) => number): void {
  for (let window = from; window < to; window++) {
    const count = requests(window)
    if (count === 0) continue
    const at = window * WINDOW_MS
    volume.count({ at, plan: 'small', requests: count, money: count * 1_000_000 })
  }
}

/** What there is to say at the end of a window. */
export function lookAfter(volume: Volume, window: number) {
  return volume.look({ now: (window + 1) * WINDOW_MS - 1, strikes: 0 })
}
