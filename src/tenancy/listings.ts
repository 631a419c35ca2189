import { GatewayError } from '../errors.ts'
import { findValues } from '../minimax/json-places.ts'
import { objectsOf } from '../minimax/objects.ts'
import type { ObjectStore } from '../store/store.ts'
import type { Clock } from '../lib/clock.ts'
import { filesList, tasksList, voicesList } from './lists.ts'
import type { SystemVoices } from './system-voices.ts'

/** A list is in one answer, as MiniMax's is; a user with more of a kind sees the newest. */
const MOST = 10_000
const VOICE_TYPE: readonly string[] = ['voice_type']

/** What lists are made of. */
export interface ListingTools {
  readonly objects: ObjectStore
  readonly systemVoices: Pick<SystemVoices, 'entries' | 'ready'>
  readonly sharedVoices: ReadonlySet<string>
  readonly clock: Clock
}

/** What a list was asked for with. */
export interface ListRequest {
  readonly operation: string
  readonly query: string
  readonly body: Buffer | null
}

/**
 * Answers the operations that list: with the caller's own objects, out of what is known of them, because MiniMax would
 * answer with everybody's.
 * @returns the document, in MiniMax's shape
 * @throws GatewayError `invalid_query` or `invalid_request`
 */
export async function listFor(tools: ListingTools, userId: string, request: ListRequest): Promise<Buffer> {
  const { lists } = objectsOf(request.operation)
  if (lists === null) throw new GatewayError('internal')
  const objects = await tools.objects.all(userId, lists, tools.clock.now(), MOST)
  const query = new URLSearchParams(request.query)
  switch (lists) {
    case 'file':
      return filesList(objects, query.get('purpose') ?? undefined)
    case 'voice': {
      await tools.systemVoices.ready()
      const [type] = findValues(request.body ?? Buffer.alloc(0), VOICE_TYPE) ?? []
      return voicesList(tools.systemVoices.entries(), objects, [...tools.sharedVoices], type?.text)
    }
    default:
      return tasksList(objects, query)
  }
}
