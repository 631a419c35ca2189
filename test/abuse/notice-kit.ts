import type { NoticeEvents } from '../../src/lib/notice-queue.ts'
import type { Timer } from '../../src/lib/timer.ts'
import type { Incident } from '../../src/store/store.ts'

/** An incident with a suspension, as it is told. */
export function anIncident(more: Partial<Incident> = {}): Incident {
  return {
    id: 'inc_000000000001',
    tokenId: 'abcdefabcdef',
    userId: 'ada',
    endUser: '',
    state: 'open',
    signal: 'leak_report',
    response: 'suspend',
    wouldBe: 'suspend',
    score: 1,
    evidence: [
      {
        signal: 'leak_report',
        family: 'report',
        strength: 1,
        at: Date.UTC(2026, 0, 1),
        facts: { source: 'github', found_at: 'https://example.com/a?b=<!channel>&c' },
      },
    ],
    strikes: 0,
    openedAt: Date.UTC(2026, 0, 1),
    updatedAt: Date.UTC(2026, 0, 1),
    notifiedAt: Date.UTC(2026, 0, 1),
    ...more,
  }
}

/** What a queue has told, as words. */
export function watchedEvents() {
  const told: string[] = []
  const events: NoticeEvents = {
    failed: (error, isLost) => told.push(`${isLost ? 'lost' : 'failed'}: ${String(error)}`),
    dropped: () => told.push('dropped'),
  }
  return { told, events }
}

/** A timer that is over at once, and notes how long it was to be; times from `never` on never come. */
export function instantTimer(never = Infinity) {
  const pauses: number[] = []
  const timer: Timer = (callback, milliseconds) => {
    pauses.push(milliseconds)
    if (milliseconds >= never) return () => undefined
    const immediate = setImmediate(callback)
    return () => clearImmediate(immediate)
  }
  return { pauses, timer }
}
