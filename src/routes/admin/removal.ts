import { OBJECT_OPERATIONS, objectsOf } from '../../minimax/objects.ts'
import type { LedgerStore, ObjectChange, ObjectKey, ObjectStore, OwnedObject } from '../../store/store.ts'

/** Deletions that are under way at MiniMax at a time, for one answer. */
const AT_A_TIME = 4

/** Objects whose end is written together: what a crash in between makes MiniMax be asked for again. */
const PAGE = 40

/** Objects that are forgotten together. */
const FORGOTTEN_PAGE = 500

/** Later than no expiry: what has expired is taken out, too. */
const ANY_TIME = 0

/**
 * Deletes an object at MiniMax. `gone`: MiniMax had it no more. `failed`: it may still be there.
 */
export type RemoveObject = (object: OwnedObject) => Promise<'removed' | 'gone' | 'failed'>

/** What became of a user's objects. */
export interface Removal {
  /** Deleted at MiniMax. */
  readonly removed: number
  /** Nobody's any more, without a deletion: MiniMax deletes none of the kind, or had it no more. */
  readonly forgotten: number
  /** Still the user's. */
  readonly failed: readonly ObjectKey[]
}

/** Takes all objects of a user away. */
export interface ObjectRemoval {
  /** At MiniMax as far as it deletes their kind, then here. @throws GatewayError `store_unavailable` */
  remove(userId: string): Promise<Removal>
  /** Here alone. @throws GatewayError `store_unavailable` */
  forget(userId: string): Promise<Removal>
}

export interface ObjectRemovalOptions {
  readonly objects: Pick<ObjectStore, 'list'>
  readonly ledger: Pick<LedgerStore, 'write'>
  readonly remove: RemoveObject
  /** Told of what `remove` threw; the object counts as failed. */
  readonly onError: (error: unknown) => void
}

/** Kinds that some operation deletes. */
const DELETABLE: ReadonlySet<string> = new Set(
  OBJECT_OPERATIONS.map(objectsOf)
    .filter(({ deletes }) => deletes)
    .flatMap(({ uses }) => uses.map(({ kind }) => kind)),
)

/** Works through a list, so many items at a time. @returns the results in the order of the items */
async function mapSome<Item, Result>(
  items: readonly Item[],
  atATime: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly (readonly [Item, Result])[]> {
  const results: (readonly [Item, Result])[] = []
  const entries = items.entries()
  const workers = Array.from({ length: atATime }, async () => {
    for (const [index, item] of entries) results[index] = [item, await work(item)]
  })
  await Promise.all(workers)
  return results
}

const disown = (object: OwnedObject): ObjectChange => ({ kind: 'disown', object })

/** Takes objects away out of the store and, with what is injected, at MiniMax. */
export function createObjectRemoval(options: ObjectRemovalOptions): ObjectRemoval {
  const { objects, ledger, remove, onError } = options

  async function end(object: OwnedObject): Promise<'removed' | 'gone' | 'failed'> {
    if (!DELETABLE.has(object.kind)) return 'gone'
    try {
      return await remove(object)
    } catch (error) {
      onError(error)
      return 'failed'
    }
  }

  return {
    async remove(userId) {
      let removed = 0
      let forgotten = 0
      const failed: ObjectKey[] = []
      let cursor: string | undefined
      do {
        const page = await objects.list({ limit: PAGE, cursor }, { userId }, ANY_TIME)
        const ends = await mapSome(page.items, AT_A_TIME, end)
        const ended = ends.filter(([, result]) => result !== 'failed')
        await ledger.write(ended.map(([object]) => disown(object)))
        const count = ended.filter(([, result]) => result === 'removed').length
        removed += count
        forgotten += ended.length - count
        failed.push(...ends.filter(([, result]) => result === 'failed').map(([object]) => object))
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      return { removed, forgotten, failed }
    },

    async forget(userId) {
      let forgotten = 0
      let cursor: string | undefined
      do {
        const page = await objects.list({ limit: FORGOTTEN_PAGE, cursor }, { userId }, ANY_TIME)
        await ledger.write(page.items.map(disown))
        forgotten += page.items.length
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      return { removed: 0, forgotten, failed: [] }
    },
  }
}
