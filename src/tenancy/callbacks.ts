import { GatewayError, type Outcome } from '../errors.ts'
import { findValues, jsonString, replaceValues } from '../minimax/json-places.ts'
import { taskIdOf, TASKS } from '../minimax/tasks.ts'
import type { CallbackRelay } from './callback-relay.ts'
import { checkCallbackUrl, type CallbackPolicy } from './callback-url.ts'
import type { Claim } from './claim.ts'
import { mayHaveWorked, type Owner } from './tools.ts'

const CALLBACK_URL: readonly string[] = ['callback_url']

/** What the pipeline keeps of a request that names or makes objects: its parts that move the bytes read it. */
export type ScreenedCall = Pick<
  Claim,
  'account' | 'body' | 'holds' | 'renaming' | 'unusedVoices' | 'begin' | 'answered' | 'masked' | 'ended'
>

/** What is done with the callback that a request asks for. */
export interface CallbackTools {
  readonly policy: CallbackPolicy
  /** Null unless callbacks are relayed. */
  readonly relay: Pick<CallbackRelay, 'register' | 'created' | 'withdraw'> | null
  /** Told of what is not the caller's fault. */
  readonly onError: (error: unknown) => void
}

/**
 * Looks at the `callback_url` of a request that makes a task.
 * @returns the claim, with our address in the place of the user's where callbacks are relayed
 * @throws GatewayError `callback_forbidden`, `invalid_request`, `store_unavailable` (rejects)
 */
export async function screenCallback(
  { policy, relay, onError }: CallbackTools,
  owner: Owner,
  operation: string,
  claim: Claim,
): Promise<ScreenedCall> {
  const { body } = claim
  if (TASKS[operation] === undefined || body === null) return claim
  const [value, ...others] = findValues(body, CALLBACK_URL) ?? []
  if (value === undefined) return claim
  if (!value.isString || value.isMistyped || others.length > 0)
    throw new GatewayError('invalid_request', 'The field "callback_url" must hold one address as a text.', {
      path: 'callback_url',
    })
  const url = checkCallbackUrl(value.text, policy)
  if (relay === null) return claim
  const registration = await relay.register({ ...owner, url, operation, account: claim.account ?? '' })
  const text = jsonString(registration.url)
  return new RelayedClaim({
    claim,
    body: replaceValues(body, [{ start: value.start, end: value.end, text }]),
    operation,
    created: (taskId) => relay.created(registration.secretHash, taskId).catch(onError),
    withdraw: () => relay.withdraw(registration.secretHash).catch(onError),
  })
}

interface RelayedParts {
  readonly claim: Claim
  readonly body: Buffer
  readonly operation: string
  readonly created: (taskId: string) => Promise<unknown>
  readonly withdraw: () => Promise<unknown>
}

/** The claim of a call whose task's states are handed on. */
class RelayedClaim implements ScreenedCall {
  readonly account: string | null
  readonly body: Buffer
  readonly holds: number
  readonly renaming: Claim['renaming']
  readonly #parts: RelayedParts

  constructor(parts: RelayedParts) {
    this.account = parts.claim.account
    this.holds = parts.claim.holds
    this.renaming = parts.claim.renaming
    this.body = parts.body
    this.#parts = parts
  }

  get unusedVoices(): number {
    return this.#parts.claim.unusedVoices
  }

  begin(done: Parameters<Claim['begin']>[0]): void {
    this.#parts.claim.begin(done)
  }

  answered(document: Buffer, done: Parameters<Claim['answered']>[1]): void {
    const { claim, operation, created } = this.#parts
    const taskId = taskIdOf(operation, document)
    if (taskId !== undefined) void created(taskId)
    claim.answered(document, done)
  }

  masked(document: Buffer): Buffer {
    return this.#parts.claim.masked(document)
  }

  ended(outcome: Outcome): void {
    this.#parts.claim.ended(outcome)
    if (!mayHaveWorked(outcome)) void this.#parts.withdraw()
  }
}
