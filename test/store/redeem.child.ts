import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { GatewayError } from '../../src/errors.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Redemption } from '../../src/store/store.ts'

/** A thread that redeems a code for many users, beside others that do the same with connections of their own. */
const { path, users } = workerData as { readonly path: string; readonly users: readonly string[] }
if (parentPort === null) throw new Error('this file is for a thread')
const port = parentPort
const store = await openSqliteStore({ path })

async function redeem(userId: string): Promise<Redemption> {
  for (;;) {
    try {
      return await store.credits.redeem('hash of code1', userId, `entry of ${userId}`, 2000)
    } catch (error) {
      // The lock is with another thread for too long, on a machine that is busy.
      if (!(error instanceof GatewayError) || error.code !== 'store_unavailable') throw error
    }
  }
}

const started = once(port, 'message')
port.postMessage('ready')
await started
const results: string[] = []
for (const userId of users) results.push((await redeem(userId)).result)
await store.close()
port.postMessage(results)
