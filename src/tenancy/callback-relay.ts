import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { newRequestId } from '../lib/ids.ts'
import { TASKS, taskStateOf } from '../minimax/tasks.ts'
import type { Callback, CallbackStore, Enqueued } from '../store/store.ts'

/** No body about a task comes near it. */
const MAX_BODY = 256 * 1024
/** Bodies of one user that may wait to be handed on. */
const MOST_WAITING = 100

/** 32 bytes in base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/

/** What a call that makes a task asks to be told of. */
export type Wish = Pick<Callback, 'requestId' | 'userId' | 'tokenId' | 'url' | 'operation' | 'account'>

/** A callback that MiniMax does not know yet. */
export interface Registration {
  /** What MiniMax is given in the place of the user's URL. It is a secret: neither logged nor shown. */
  readonly url: string
  /** Names the callback from now on. */
  readonly secretHash: string
}

/** What MiniMax is answered: an HTTP status and a JSON text. */
export interface CallbackAnswer {
  readonly status: number
  readonly body: string
}

/** What the relay tells about itself; none of it may throw. */
export interface RelayEvents {
  /** What became of a body of a known callback. `unreadable`: it names no task; `foreign`: another one. */
  received(callback: Callback, result: Enqueued | 'challenge' | 'unreadable' | 'foreign'): void
}

export interface RelayOptions {
  readonly store: Pick<CallbackStore, 'add' | 'get' | 'bind' | 'remove' | 'enqueue'>
  /** Where MiniMax reaches the gateway: scheme and host. */
  readonly publicUrl: string
  readonly clock: Pick<Clock, 'now'>
  /**
   * Takes in what MiniMax says of a task, so that it is settled. Must not throw.
   * @param operation the one that asks for the state of such a task; the body is laid out as its answer
   */
  readonly observe: (operation: string, account: string, body: Buffer) => void
  /**
   * What a body names that is new becomes its reader's before it is handed on. Rejects with `store_unavailable`, or
   * `upstream_bad_answer` for what is another's; then the body is not taken.
   */
  readonly own: (callback: Callback, operation: string, body: Buffer) => Promise<void>
  /** A body waits to be handed on. */
  readonly wake: () => void
  readonly events: RelayEvents
}

const NOT_FOUND: CallbackAnswer = { status: 404, body: '{"status":"not found"}' }
const UNREADABLE: CallbackAnswer = { status: 400, body: '{"status":"not understood"}' }
const TOO_LARGE: CallbackAnswer = { status: 413, body: '{"status":"too large"}' }
const TAKEN: CallbackAnswer = { status: 200, body: '{"status":"success"}' }

function hashOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

/** The challenge of a body that asks for it to be repeated (api-reference/video-generation-t2v, callback_url). */
function challengeIn(body: Buffer): string | undefined {
  if (!body.includes('challenge')) return undefined
  try {
    const document: unknown = JSON.parse(body.toString())
    if (typeof document !== 'object' || document === null || !('challenge' in document)) return undefined
    return typeof document.challenge === 'string' ? document.challenge : undefined
  } catch {
    // What is no JSON is no challenge; the reader of task ids says so in its turn.
    return undefined
  }
}

/** Layouts of answers about tasks: `task_id` at the top, and `task.id`. */
const LAYOUTS = ['video.query', 'video.v2.query']

/**
 * The id in a body about a task. Callbacks are said to have the fields of the query, but only some are shown in full:
 * where the query's own layout has no id, the other one is tried.
 */
function taskIdIn(query: string, body: Buffer): string | undefined {
  for (const layout of [query, ...LAYOUTS]) {
    const { taskId } = taskStateOf(layout, body)
    if (taskId !== undefined) return taskId
  }
  return undefined
}

/**
 * Stands between MiniMax, which signs nothing and tells every owner of the account alike, and the URL of a user:
 * MiniMax is given an address of ours that nobody can guess, and what it says there is handed on.
 */
export class CallbackRelay {
  readonly #options: RelayOptions

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /**
   * Before a call is sent that makes a task.
   * @param wish its `url` must have been checked
   * @throws GatewayError `store_unavailable`; then the call must not be sent
   */
  async register(wish: Wish): Promise<Registration> {
    const { store, publicUrl, clock } = this.#options
    const secret = randomBytes(32).toString('base64url')
    const secretHash = hashOf(secret)
    const { requestId, userId, tokenId, url, operation, account } = wish
    const known = { requestId, userId, tokenId, url, operation, account }
    await store.add({ ...known, secretHash, createdAt: clock.now(), taskId: null })
    return { url: `${publicUrl.replace(/\/$/, '')}/callbacks/${secret}`, secretHash }
  }

  /**
   * The call has made a task.
   * @returns false: MiniMax has named another task in a callback before, or the callback is gone
   * @throws GatewayError `store_unavailable`; the first body that comes ties the callback to its task then
   */
  async created(secretHash: string, taskId: string): Promise<boolean> {
    return await this.#options.store.bind(secretHash, taskId)
  }

  /**
   * The call has made no task, for certain.
   * @throws GatewayError `store_unavailable`; the callback is then taken out when it is old
   */
  async withdraw(secretHash: string): Promise<void> {
    await this.#options.store.remove(secretHash)
  }

  /**
   * MiniMax, or whoever knows the address, calls. What is answered with 200 is on disk.
   * @param secret the last part of the path
   * @param body as it came
   * @throws GatewayError `store_unavailable`
   */
  async receive(secret: string, body: Buffer): Promise<CallbackAnswer> {
    if (!SECRET.test(secret)) return NOT_FOUND
    if (body.length > MAX_BODY) return TOO_LARGE
    const { store, events } = this.#options
    const callback = await store.get(hashOf(secret))
    if (callback === undefined) return NOT_FOUND
    const challenge = challengeIn(body)
    if (challenge === undefined) return await this.#take(callback, body)
    events.received(callback, 'challenge')
    return { status: 200, body: JSON.stringify({ challenge }) }
  }

  async #take(callback: Callback, body: Buffer): Promise<CallbackAnswer> {
    const { store, clock, events, observe, own, wake } = this.#options
    const { secretHash, userId, account } = callback
    const query = TASKS[callback.operation]?.query ?? ''
    const taskId = taskIdIn(query, body)
    if (taskId === undefined) {
      events.received(callback, 'unreadable')
      return UNREADABLE
    }
    if (!(await store.bind(secretHash, taskId))) {
      events.received(callback, 'foreign')
      return NOT_FOUND
    }
    observe(query, account, body)
    await own(callback, query, body)
    const now = clock.now()
    const delivery = {
      id: newRequestId(now),
      secretHash,
      userId,
      bodyHash: hashOf(body),
      body,
      createdAt: now,
    }
    const result = await store.enqueue(delivery, MOST_WAITING)
    if (result === 'queued') wake()
    events.received(callback, result)
    return TAKEN
  }
}
