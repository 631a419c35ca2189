import type { TokenHash } from '../auth/hash.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { randomBase62 } from '../lib/ids.ts'
import type { Logger } from '../log.ts'
import { OPERATIONS, type Operation } from '../minimax/catalog.ts'
import { TASKS } from '../minimax/tasks.ts'
import { ask } from '../proxy/ask.ts'
import type { UpstreamKeys } from '../proxy/keys.ts'
import type { Upstream } from '../proxy/upstream.ts'
import type { Pipeline } from '../routes/passage.ts'
import type { OwnedObject, Store, Task } from '../store/store.ts'
import { CallbackDelivery } from '../tenancy/callback-delivery.ts'
import { createPost } from '../tenancy/callback-post.ts'
import { CallbackRelay } from '../tenancy/callback-relay.ts'
import { createCallbackSecrets, type CallbackSecretOf } from '../tenancy/callback-signature.ts'
import { screenCallback, type CallbackTools } from '../tenancy/callbacks.ts'
import { listFor } from '../tenancy/listings.ts'
import { Ownership } from '../tenancy/ownership.ts'
import { SystemVoices } from '../tenancy/system-voices.ts'
import { VoiceNames } from '../tenancy/voices.ts'
import type { Books } from './books.ts'

/** How long MiniMax may take to tell which voices it has, or to delete something for the operator. */
const ASK_MS = 15_000
const SYSTEM_VOICES = Buffer.from('{"voice_type":"system"}')

/** Everything that keeps users apart on the shared account. */
export interface Tenancy {
  readonly screen: Pipeline['screen']
  readonly session: Pipeline['session']
  /** Takes in what MiniMax calls back with; null unless callbacks are relayed. */
  readonly relay: CallbackRelay | null
  readonly list: Pipeline['list']
  /** The gateway itself has asked how a task stands. */
  seen(task: Pick<Task, 'userId' | 'taskId' | 'operation'>, document: Buffer): void
  /** Deletes an object of a user at MiniMax, for the operator. */
  remove(object: OwnedObject): Promise<'removed' | 'gone' | 'failed'>
  /** With what callbacks to a user are signed. */
  callbackSecretOf(userId: string): string
  /** Hands callbacks on, from now on. */
  start(): void
  close(): Promise<void>
}

export interface TenancyParts {
  readonly config: Config
  readonly store: Pick<Store, 'objects' | 'callbacks'>
  readonly books: Books
  readonly upstream: Upstream
  readonly keys: UpstreamKeys
  /** Of the pepper: what names are made with must be as secret, and live as long. */
  readonly hash: TokenHash
  readonly logger: Logger
  readonly clock: Clock
}

/** Puts together who owns what. */
export function openTenancy(parts: TenancyParts): Tenancy {
  const { config, store, books, upstream, keys, hash, logger, clock } = parts
  const { objects } = store
  const systemVoices = new SystemVoices({
    fetch: async () => {
      const key = keys.pickOf(null)
      if (key === undefined) throw new Error('there is no upstream key')
      const question = {
        operation: operationNamed('voice.list'),
        path: '/v1/get_voice',
        key,
        body: SYSTEM_VOICES,
      }
      return (await ask(upstream, question, AbortSignal.timeout(ASK_MS))).body
    },
    clock,
    log: logger,
  })
  const sharedVoices = new Set(config.sharedVoices)
  const { ledger } = books
  const ownership = new Ownership({
    objects,
    write: (change, done) => ledger.write(change, done),
    isFailing: () => ledger.isFailing,
    names: new VoiceNames(Buffer.from(hash('voice names'), 'hex')),
    systemVoices,
    sharedVoices,
    homeOf: (userId) => keys.homeOf(userId),
    clock,
    random: randomBase62,
  })
  const callbacks = openCallbacks(parts, ownership)
  return {
    screen(owner, request) {
      const claim = ownership.screen(owner, request)
      if (!(claim instanceof Promise)) return claim
      return claim.then(async (one) => await screenCallback(callbacks, owner, request.operation, one))
    },
    session: (owner, operation) => ownership.session(owner, operation),
    relay: callbacks.relay,
    list: (userId, request) => listFor({ objects, systemVoices, sharedVoices, clock }, userId, request),
    seen({ userId, taskId, operation }, document) {
      if (TASKS[operation]?.query === 'video.v2.query') void ownership.seen(userId, taskId, document)
    },
    remove: (object) => remove(upstream, keys, object),
    callbackSecretOf: callbackSecretsOf(hash),
    start: () => callbacks.delivery?.start(),
    async close() {
      systemVoices.close()
      await callbacks.delivery?.stop()
    },
  }
}

function callbackSecretsOf(hash: TokenHash): CallbackSecretOf {
  return createCallbackSecrets(hash('callback signatures'))
}

interface Callbacks extends CallbackTools {
  readonly relay: CallbackRelay | null
  readonly delivery: CallbackDelivery | null
}

function openCallbacks(parts: TenancyParts, ownership: Ownership): Callbacks {
  const { config, store, books, keys, hash, logger, clock } = parts
  const onError = (error: unknown): void => logger.error({ err: error }, 'a callback could not be kept')
  const { callbackUrls: mode, callbackAllowedHosts: allowedHosts, publicUrl } = config
  const ownHost = publicUrl === undefined ? undefined : new URL(publicUrl).hostname
  const policy = { mode, allowedHosts, ownHost }
  if (mode !== 'relay' || publicUrl === undefined) return { policy, relay: null, delivery: null, onError }
  const delivery = new CallbackDelivery({
    store: store.callbacks,
    post: createPost(),
    secretOf: callbackSecretsOf(hash),
    clock,
    random: Math.random,
    events: {
      ended: ({ id, userId }, state, tries) =>
        logger[state === 'delivered' ? 'debug' : 'warn'](
          { delivery: id, user: userId, tries },
          `callback ${state}`,
        ),
      failed: ({ id, userId }, problem) =>
        logger.debug(
          {
            delivery: id,
            user: userId,
            ...('status' in problem ? { status: problem.status } : { err: problem.error }),
          },
          'a callback was not taken',
        ),
      storeFailed: onError,
    },
  })
  const relay = new CallbackRelay({
    store: store.callbacks,
    publicUrl,
    clock,
    observe(operation, account, body) {
      // The task is kept by the key that made it; of an account with several, one knows it.
      for (const name of keys.namesOf(account)) books.observe(operation, name, body)
    },
    own: ({ userId, tokenId, requestId, account }, operation, body) =>
      ownership.told({ userId, tokenId, requestId }, operation, account, body),
    wake: () => delivery.wake(),
    events: {
      received: ({ userId, operation }, result) =>
        logger.debug({ user: userId, operation, result }, 'callback'),
    },
  })
  return { policy, relay, delivery, onError }
}

function operationNamed(name: string): Operation {
  const operation = OPERATIONS.find((one) => one.name === name)
  if (operation === undefined) throw new Error(`there is no operation ${name}`)
  return operation
}

/** How MiniMax is told to delete an object; null: it cannot be told, and forgets by itself. */
function deletionOf({
  kind,
  id,
  operation,
  detail,
}: OwnedObject): { name: string; path: string; body?: Buffer } | null {
  switch (kind) {
    case 'file': {
      const purpose = /"purpose"\s*:\s*"([a-z0-9_-]{1,64})"/.exec(detail)?.[1] ?? ''
      const fileId = /^[0-9]{1,19}$/.test(id) ? id : JSON.stringify(id)
      const body = Buffer.from(`{"file_id":${fileId},"purpose":${JSON.stringify(purpose)}}`)
      return { name: 'files.delete', path: '/v1/files/delete', body }
    }
    case 'voice': {
      const type = operation === 'voice.design' ? 'voice_generation' : 'voice_cloning'
      const body = Buffer.from(JSON.stringify({ voice_type: type, voice_id: id }))
      return { name: 'voice.delete', path: '/v1/delete_voice', body }
    }
    case 'video_v2_task':
      return { name: 'video.v2.delete', path: `/v2/video_generation/${encodeURIComponent(id)}` }
    default:
      return null
  }
}

/** MiniMax's code for an id that it does not know. */
const UNKNOWN = /"status_code"\s*:\s*2013|\(2013\)/
const FAILED = /"status_code"\s*:\s*[1-9]|"error"/

async function remove(
  upstream: Upstream,
  keys: UpstreamKeys,
  object: OwnedObject,
): Promise<'removed' | 'gone' | 'failed'> {
  const deletion = deletionOf(object)
  const key = keys.pickOf(object.account)
  if (deletion === null) return 'gone'
  if (key === undefined) return 'failed'
  const { name, path, body } = deletion
  const question = { operation: operationNamed(name), path, key, ...(body === undefined ? {} : { body }) }
  try {
    const answer = await ask(upstream, question, AbortSignal.timeout(ASK_MS))
    const text = answer.body.toString()
    if (UNKNOWN.test(text)) return 'gone'
    return answer.status < 300 && !FAILED.test(text) ? 'removed' : 'failed'
  } catch {
    // The transport failed: the operator is told of the object, and can try again.
    return 'failed'
  }
}
