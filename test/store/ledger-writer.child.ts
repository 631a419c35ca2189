import { newRequestId } from '../../src/lib/ids.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { LedgerChange } from '../../src/store/store.ts'
import { anOpening, aSettlement, HOUR, START } from '../contract/ledger-kit.ts'

/** Writes calls without end, every third batch an hour later, and tells its parent which are on disk; with `idle`: one batch. */
const [path = '', mode] = process.argv.slice(2)
const store = await openSqliteStore({ path })

for (let batch = 0; mode !== 'idle' || batch < 1; batch++) {
  const ids = Array.from({ length: 20 }, () => newRequestId(START))
  const changes = ids.flatMap((requestId, index): readonly LedgerChange[] => [
    { kind: 'open', opening: anOpening({ requestId, userId: `user ${index % 3}` }) },
    {
      kind: 'settle',
      settlement: aSettlement({
        requestId,
        userId: `user ${index % 3}`,
        settledAt: START + (Math.floor(batch / 3) % 500) * HOUR,
      }),
    },
  ])
  await store.ledger.write(changes)
  process.send?.(ids)
}
process.disconnect?.()
