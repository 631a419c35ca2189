import type { Clock } from '../lib/clock.ts'
import type { Timer } from '../lib/timer.ts'
import { OPERATIONS, type Operation } from '../minimax/catalog.ts'
import { failureOfBody } from '../minimax/dialects.ts'
import type { ProbeKind, ProbeResult } from './key-health.ts'
import type { UpstreamKey } from './key.ts'
import type { KeySlot } from './key-slot.ts'

/** What a question about a key was answered. */
export interface ProbeAnswer {
  readonly result: ProbeResult
  /** The HTTP status; 0: there was no answer. */
  readonly status: number
  /** MiniMax's own code; undefined: none. */
  readonly code: number | undefined
}

/** Sends a question of the gateway's own. Rejects when there is no answer. */
export type AskUpstream = (
  operation: Operation,
  path: string,
  key: UpstreamKey,
) => Promise<{ readonly status: number; readonly body: Buffer }>

/** Which operation answers which question; neither costs anything (api-reference/models, and the command-line client). */
const QUESTIONS: Readonly<Record<ProbeKind, string>> = { key: 'models.list', balance: 'account.balance' }

/** MiniMax does not know the key (api-reference/errorcode). */
const WRONG: ReadonlySet<number> = new Set([1004, 2049])
const NO_BALANCE = 1008

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    // Not JSON: then it reports nothing.
    return undefined
  }
}

/** Anything but a refusal of the key is good: a host that has no list of models has looked at the key as well. */
function keyResult(status: number, code: number | undefined): ProbeResult {
  if (code !== undefined && WRONG.has(code)) return 'bad'
  if (status === 401 && code === undefined) return 'bad'
  return status < 500 ? 'good' : 'unknown'
}

/** Only a plain "nothing is left" is bad: the fields are not documented for every kind of account. */
function balanceResult(document: unknown, code: number | undefined): ProbeResult {
  if (code === NO_BALANCE || (code !== undefined && WRONG.has(code))) return 'bad'
  if (code !== undefined || typeof document !== 'object' || document === null) return 'unknown'
  const available: unknown = 'available_amount' in document ? document.available_amount : undefined
  if (typeof available !== 'string' && typeof available !== 'number') return 'unknown'
  const amount = Number(available)
  if (!Number.isFinite(amount)) return 'unknown'
  return amount > 0 ? 'good' : 'bad'
}

/**
 * Asks MiniMax whether it knows a key, or whether its account has money; free of charge.
 * @param groupId the group of the account, where there is one
 */
export async function probe(
  ask: AskUpstream,
  kind: ProbeKind,
  key: UpstreamKey,
  groupId?: string,
): Promise<ProbeAnswer> {
  const operation = OPERATIONS.find(({ name }) => name === QUESTIONS[kind])
  if (operation === undefined) throw new Error(`there is no operation ${QUESTIONS[kind]}`)
  const query = kind === 'balance' && groupId !== undefined ? `?GroupId=${groupId}` : ''
  try {
    const { status, body } = await ask(operation, operation.path + query, key)
    const document = parsed(body)
    const code = failureOfBody(document)?.code
    const result = kind === 'key' ? keyResult(status, code) : balanceResult(document, code)
    return { result, status, code }
  } catch {
    // No answer says nothing of the key.
    return { result: 'unknown', status: 0, code: undefined }
  }
}

export interface KeyProberOptions {
  /** All keys, as they are at the moment. */
  readonly slots: () => readonly KeySlot[]
  readonly ask: AskUpstream
  readonly groupId?: string | undefined
  readonly clock: Clock
  readonly timer: Timer
  /** Told of every answer. Must not throw. */
  readonly onAnswer: (key: string, kind: ProbeKind, answer: ProbeAnswer) => void
}

/** How often it is looked whether something is to be asked. */
const LOOK_MS = 250

/** Asks about keys that MiniMax has refused, when it is time to. */
export class KeyProber {
  readonly #options: KeyProberOptions
  readonly #asking = new Map<KeySlot, Promise<void>>()
  #cancel: (() => void) | null = null
  #isStopped = false

  constructor(options: KeyProberOptions) {
    this.#options = options
  }

  start(): void {
    this.#cancel = this.#options.timer(() => {
      void this.look()
      if (!this.#isStopped) this.start()
    }, LOOK_MS)
  }

  /** Asks what is to be asked now, about each key one question at a time. @returns resolves when all is answered */
  async look(): Promise<void> {
    const now = this.#options.clock.monotonic()
    for (const slot of this.#options.slots()) {
      const kind = slot.isDisabled ? null : slot.health.probeDue(now)
      if (kind !== null && !this.#asking.has(slot)) this.#asking.set(slot, this.#ask(slot, kind))
    }
    await Promise.all(this.#asking.values())
  }

  async #ask(slot: KeySlot, kind: ProbeKind): Promise<void> {
    const { ask, groupId, onAnswer } = this.#options
    const answer = await probe(ask, kind, slot, groupId)
    this.#asking.delete(slot)
    slot.health.probed(kind, answer.result)
    onAnswer(slot.name, kind, answer)
  }

  /** Asks nothing more; resolves when what was asked is answered. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await Promise.all(this.#asking.values())
  }
}
