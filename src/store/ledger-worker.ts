import { parentPort, workerData } from 'node:worker_threads'
import { connectionOf, openKysely } from './database.ts'
import { createReaderService, createWriterService, type Service } from './ledger-service.ts'
import { faultFrom, isWorkerOptions, type Reply, type Request } from './ledger-thread.ts'

/** The thread of one half of the books: answers one request after the other, and ends when it is told to. */
async function serve(): Promise<void> {
  if (parentPort === null || !isWorkerOptions(workerData)) throw new Error('this file is for a thread')
  const port = parentPort
  const { path, role, options } = workerData
  const { database, db } = openKysely(path, options)
  // Pages of indexes change again and again: the longer the log, the fewer are copied out of it. 16 MiB.
  if (role === 'writer') database.exec('PRAGMA wal_autocheckpoint = 4000')
  const service: Service<object> =
    role === 'writer' ? await createWriterService(db, connectionOf(database)) : createReaderService(db)
  const methods = new Map<string, (...args: readonly unknown[]) => Promise<unknown>>(
    Object.entries(service.methods),
  )

  async function answer({ id, method, args }: Request): Promise<Reply> {
    try {
      return { id, result: await methods.get(method)?.(...args) }
    } catch (error) {
      return { id, fault: faultFrom(error) }
    }
  }

  let turn = Promise.resolve()
  port.on('message', (request: Request | null) => {
    turn = turn.then(async () => {
      if (request === null) {
        await db.destroy()
        port.close()
        return
      }
      port.postMessage(await answer(request))
      await service.afterwards()
    })
  })
  port.postMessage('ready')
}

await serve()
