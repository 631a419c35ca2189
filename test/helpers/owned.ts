import { join } from 'node:path'
import type { ObjectKind } from '../../src/minimax/objects.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { TestGateway } from './gateway.ts'

/** What the requests of calls.ts name. */
const NAMED: readonly (readonly [ObjectKind, string])[] = [
  ['file', '1'],
  ['file', '1234'],
  ['voice', 'MyVoice0001'],
  ['speech_task', '1234'],
  ['video_task', '1234'],
  ['video_template_task', '1234'],
  ['video_v2_task', '1234'],
]

/** Makes the objects that the requests of calls.ts name a user's, as if their calls had made them. */
export async function giveObjects(gateway: TestGateway, userId = 'user-1'): Promise<void> {
  const store = await openSqliteStore({ path: join(gateway.dataDir, 'gateway.db') })
  await store.ledger.write(
    NAMED.map(([kind, id]) => ({
      kind: 'own',
      object: {
        kind,
        id,
        name: id,
        account: 'default',
        userId,
        tokenId: 'token',
        requestId: 'request',
        operation: 'test',
        detail: '',
        createdAt: Date.now(),
        expiresAt: null,
      },
    })),
  )
  await store.close()
}
