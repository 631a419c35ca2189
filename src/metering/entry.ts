import type { Call } from '../call.ts'
import type { GatewayError, Outcome } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { formatMoney } from '../lib/money.ts'
import type { ReportedFailure } from '../minimax/dialects.ts'
import { METERS, meterOf, requestFacts, type CallFacts, type Meter, type Reading } from '../minimax/meters.ts'
import type { Bill, RequestSettlement, TaskOpening } from '../store/store.ts'
import type { Billing, BillingFacts } from './billing.ts'
import { consumptionOf } from './consumption.ts'
import type { Estimable, Estimator, WorstCase } from './estimate.ts'
import type { CallHold } from './hold.ts'
import type { Ledger } from './ledger.ts'
import { SessionHold } from './session.ts'

/** What the entry of every call works with. */
export interface EntryTools {
  readonly ledger: Pick<Ledger, 'write'>
  readonly billing: Billing
  readonly estimator: Pick<Estimator, 'estimate' | 'sessionHold'>
  readonly clock: Clock
  /** The task that a creation's answer made; undefined: none that can be followed. */
  readonly taskOf: (call: Call, facts: CallFacts, bill: Bill, document: Buffer) => TaskOpening | undefined
  /** A task is about to be deleted, and with it what tells its cost. */
  readonly beforeDelete: (taskId: string) => Promise<void>
  /** A user's own question about a task was answered. */
  readonly observe: (operation: string, upstreamKey: string, document: Buffer) => void
}

/** What the worst case of a call depends on beside its request. */
export type KnownOfCall = Pick<Estimable, 'maxOutputTokens' | 'bytes' | 'unusedVoices'>

/** How a call ended, as far as whoever moved its bytes knows. */
export interface EntryEnding {
  readonly outcome: Outcome
  readonly failure: ReportedFailure | undefined
  /** The whole answer, where it was small enough to be held. */
  readonly document: Buffer | null
}

/** Operations whose facts are read only when they are needed: the prompt may be long, and the answer says it all. */
const LAZY = 'chat.'
const DELETES_TASK = 'video.v2.delete'
const SERVICE_TIER = Buffer.from('"service_tier"')
const EMPTY: Readonly<Record<string, never>> = {}

/** One call on the books: read as its bytes pass, written down before it is sent and before its last byte goes on. */
export class Entry {
  readonly #tools: EntryTools
  readonly #call: Call
  readonly #multiplier: string
  readonly #body: Buffer | null
  readonly #subject: string
  readonly #at: number
  #facts: CallFacts | undefined
  #meter: Meter
  /** Whether there is a row to settle, or there will be. */
  #isOpen = true
  /** Of a WebSocket: what is written down already. */
  #written = 0
  #worst: WorstCase | null = null
  #session: SessionHold | undefined
  /** What the call has taken of its caller's limits; it ends with the entry. */
  hold: CallHold | null = null

  /**
   * @param multiplier what the user pays, as a multiple of the list price
   * @param body the whole request, where it is in memory
   * @param subject the id in the path; '' where there is none
   */
  constructor(tools: EntryTools, call: Call, multiplier: string, body: Buffer | null, subject: string) {
    this.#tools = tools
    this.#call = call
    this.#multiplier = multiplier
    this.#body = body
    this.#subject = subject
    this.#at = tools.clock.now()
    this.#meter = this.#newMeter()
  }

  #newMeter(): Meter {
    const { operation, model } = this.#call
    const facts = operation.name.startsWith(LAZY) ? undefined : this.facts
    return meterOf(operation.name, { model: model === '' ? undefined : model, facts })
  }

  /** What the request says about its cost. */
  get facts(): CallFacts {
    return (this.#facts ??= requestFacts(this.#call.operation.name, this.#body))
  }

  /**
   * The most that the call may use and cost, going by its request.
   * @param known what the request does not say by itself
   */
  worstCase(known: KnownOfCall): WorstCase {
    const { operation, model } = this.#call
    this.#worst = this.#tools.estimator.estimate({
      ...known,
      operation: operation.name,
      model: model === '' ? undefined : model,
      facts: this.facts,
      at: this.#at,
      multiplier: this.#multiplier,
    })
    return this.#worst
  }

  /** Before anything is reserved for it. @throws GatewayError `price_unknown` */
  check(): void {
    const { operation, model } = this.#call
    this.#tools.billing.check({
      operation: operation.name,
      model: model === '' ? undefined : model,
      at: this.#at,
      facts: this.#facts,
    })
  }

  open(done: (error: GatewayError | null) => void): void {
    const { ledger, billing } = this.#tools
    const { requestId, operation, model, caller } = this.#call
    const opening = {
      requestId,
      at: this.#at,
      userId: caller?.userId ?? '',
      tokenId: caller?.tokenId ?? '',
      sessionId: caller?.sessionId ?? '',
      endUser: caller?.endUser ?? '',
      operation: operation.name,
      modality: operation.modality,
      model,
      currency: billing.currency,
      multiplier: this.#multiplier,
    }
    const write = (): void =>
      ledger.write({ kind: 'open', opening }, (error) => {
        this.#isOpen = error === null
        done(error)
      })
    if (operation.name === DELETES_TASK) void this.#tools.beforeDelete(this.#subject).then(write)
    else write()
  }

  push(chunk: Buffer): void {
    this.#meter.push(chunk)
  }

  pushFrame(direction: 'client' | 'server', message: Buffer): void {
    this.#meter.pushFrame(direction, message)
    if (direction === 'client') this.#session?.sent()
  }

  /**
   * Holds what a client's message of a WebSocket may cost, before it is sent. Throws, or rejects with, a GatewayError.
   * @param voices how many voices that the session names were never used
   */
  admit(message: Buffer, voices: number): Promise<void> | undefined {
    return this.#sessionHold.admit(this.hold, () => this.#meter.reading, message, voices)
  }

  get #sessionHold(): SessionHold {
    return (this.#session ??= new SessionHold(
      { estimator: this.#tools.estimator, at: this.#at, multiplier: this.#multiplier },
      this.#call,
    ))
  }

  restart(): void {
    this.#meter = this.#newMeter()
  }

  get hasEnded(): boolean {
    return this.#meter.hasEnded
  }

  get owes(): boolean {
    const { usage } = this.#meter.reading
    return (usage?.characters ?? 0) + (usage?.voices ?? 0) > this.#written
  }

  checkpoint(done: (error: GatewayError | null) => void): void {
    const usage = this.#meter.reading.usage ?? EMPTY
    this.#written = (usage.characters ?? 0) + (usage.voices ?? 0)
    const bill = this.#billOf(usage, false, this.#meter.reading)
    const { requestId } = this.#call
    this.#tools.ledger.write({ kind: 'progress', requestId, bill }, () => {
      if (this.hold === null) done(null)
      else this.#sessionHold.used(this.hold, this.#meter.reading, done)
    })
  }

  settle({ outcome, failure, document }: EntryEnding, done: () => void): void {
    const call = this.#call
    const { ledger } = this.#tools
    if (!this.#isOpen) {
      this.hold?.release(true)
      done()
      return
    }
    const { billing, kind } = METERS[call.operation.name] ?? { billing: 'nothing', kind: null }
    this.#meter.end()
    const reading = this.#meter.reading
    const { usage, estimated } = consumptionOf({
      billing,
      outcome: failure?.outcome ?? outcome,
      reading,
      isSession: kind === 'socket',
      hasBegun: call.firstByteAt !== 0,
      facts: () => this.facts,
    })
    const bill = this.#billOf(usage, estimated, reading)
    if (document !== null) {
      this.#tools.observe(call.operation.name, call.upstreamKey, document)
      if (billing === 'task') {
        const task = this.#tools.taskOf(call, this.facts, bill, document)
        if (task !== undefined) {
          const nothing: Bill = { ...bill, usage: EMPTY, list: 0n, charged: 0n, estimated: false }
          this.#billed(nothing)
          ledger.write(
            { kind: 'pend', settlement: this.#settlement(nothing, outcome, reading), task },
            (_error, applied) => {
              // A task that was known already is held for by the call that made it.
              if (applied) this.hold?.keep(this.#worst ?? bill)
              else this.hold?.release(false)
              done()
            },
          )
          return
        }
      }
    }
    this.#billed(bill)
    const settlement = this.#settlement(bill, outcome, reading)
    ledger.write({ kind: 'settle', settlement }, () => {
      // A caller is not made to pay, with a share of their own limits, for those of the operator's account.
      const isUnsent = call.sentAt === 0 && outcome !== 'caller_gone'
      if (failure?.notAccepted === true || isUnsent) this.hold?.release(true)
      else this.hold?.settle({ charged: bill.charged, usage: bill.usage, at: settlement.settledAt })
      done()
    })
  }

  #billed(bill: Bill): void {
    this.#call.bill = bill
    this.#call.charged = bill.charged === 0n ? '0' : formatMoney(bill.charged)
  }

  #billOf(usage: Bill['usage'], estimated: boolean, reading: Reading): Bill {
    const { operation, model } = this.#call
    return this.#tools.billing.bill({
      operation: operation.name,
      model: reading.model ?? undefined,
      askedModel: model === '' ? undefined : model,
      at: this.#at,
      usage,
      facts: this.#priceFacts(reading),
      estimated,
      multiplier: this.#multiplier,
    }).bill
  }

  /** The answer's word counts; the request's where the answer is silent, and most chat requests say nothing that matters. */
  #priceFacts(reading: Reading): BillingFacts | undefined {
    const told = reading.serviceTier ?? undefined
    if (this.#facts === undefined && this.#call.operation.name.startsWith(LAZY)) {
      if (told !== undefined) return { serviceTier: told }
      if (this.#body?.includes(SERVICE_TIER) !== true) return undefined
    }
    const { serviceTier, resolution, duration, templateId } = this.facts
    return {
      serviceTier: told ?? serviceTier,
      resolution: reading.resolution ?? resolution,
      duration,
      templateId,
    }
  }

  #settlement(bill: Bill, outcome: Outcome, reading: Reading): RequestSettlement {
    const call = this.#call
    const { startedAt, firstByteAt, caller, operation } = call
    return {
      ...bill,
      requestId: call.requestId,
      userId: caller?.userId ?? '',
      tokenId: caller?.tokenId ?? '',
      operation: operation.name,
      modality: operation.modality,
      model: reading.model ?? call.model,
      upstreamKey: call.upstreamKey,
      outcome,
      httpStatus: call.status,
      providerCode: call.providerCode,
      durationMs: this.#tools.clock.monotonic() - startedAt,
      firstByteMs: firstByteAt === 0 ? null : firstByteAt - startedAt,
      bytesIn: call.bytesIn,
      bytesOut: call.bytesOut,
      settledAt: this.#tools.clock.now(),
    }
  }
}
