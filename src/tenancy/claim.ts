import { GatewayError, type Outcome } from '../errors.ts'
import { Renamer, type Renaming } from '../lib/rename.ts'
import { findValues } from '../minimax/json-places.ts'
import { fileKeepMs, idPathsOf, objectsOf, type Making } from '../minimax/objects.ts'
import type { OwnedObject } from '../store/store.ts'
import { detailOf, fileDetailOf, taskDetailOf } from './lists.ts'
import {
  markUsed,
  mayHaveWorked,
  type NewVoice,
  type Owner,
  type OwnershipTools,
  type ScreenedRequest,
} from './tools.ts'

/** A document in which a new id stands is small, but for lyrics with their analysis. */
const HOLDS = 1024 * 1024

const NOTHING = Buffer.alloc(0)
const PURPOSE: readonly string[] = ['file.purpose']
const ACTION: readonly string[] = ['action']

/** Ids that stand for none. */
const NO_IDS: ReadonlySet<string> = new Set(['', '0'])

type Done = (error: GatewayError | null, document: Buffer) => void

/** The objects of one call: what it names, what it makes and what it deletes. */
export class Claim {
  readonly account: string | null
  readonly holds: number
  readonly renaming: Renaming | null
  /** The request as it is to be sent: with MiniMax's names in place of the user's. */
  readonly body: Buffer | null
  readonly #tools: OwnershipTools
  readonly #owner: Owner
  readonly #request: ScreenedRequest
  readonly #used: readonly OwnedObject[]
  readonly #voice: NewVoice | null

  constructor(
    tools: OwnershipTools,
    owner: Owner,
    request: ScreenedRequest,
    account: string | null,
    used: readonly OwnedObject[],
    voice: NewVoice | null,
  ) {
    const { makes } = objectsOf(request.operation)
    this.#tools = tools
    this.#owner = owner
    this.#request = request
    this.#used = used
    this.#voice = voice
    this.account = account
    this.body = request.body
    this.holds = makes.some((making) => making.in === 'answer') ? HOLDS : 0
    this.renaming =
      voice === null ? null : { from: Buffer.from(voice.object.id), to: Buffer.from(voice.object.name) }
  }

  /** A voice is its maker's before MiniMax hears of it: its name is known, and the answer may not come. */
  begin(done: (error: GatewayError | null) => void): void {
    if (this.#voice === null || !this.#voice.isNew) {
      done(null)
      return
    }
    const { object } = this.#voice
    const making = objectsOf(this.#request.operation).makes.find((one) => one.in === 'request')
    const { operation, body } = this.#request
    const detail = detailOf(operation, body ?? undefined, NOTHING, object.createdAt)
    this.#own({ ...object, detail, expiresAt: this.#expiry(making?.keepMs ?? null) }, (error) => done(error))
  }

  answered(document: Buffer, done: Done): void {
    const { operation } = this.#request
    const columns = objectsOf(operation)
    const { answer: paths } = idPathsOf(operation)
    const values = paths.length === 0 ? [] : findValues(document, paths)
    if (values === undefined || values.some((value) => value.isMistyped)) {
      done(new GatewayError('upstream_bad_answer'), document)
      return
    }
    const changes: OwnedObject[] = []
    for (const { path, text } of values) {
      const making = columns.makes.find((one) => one.in === 'answer' && one.at === path)
      if (making !== undefined && !NO_IDS.has(text)) changes.push(this.#object(making, text, document))
    }
    if (columns.deletes && isDeleted(operation, document)) this.#disownUsed()
    else this.#refresh(document)
    this.#ownAll(changes, (error) => done(error, this.masked(document)))
  }

  /** How many of the voices that it names were never used: the first use of each has a fee. */
  get unusedVoices(): number {
    return this.#used.filter(({ kind, expiresAt }) => kind === 'voice' && expiresAt !== null).length
  }

  masked(document: Buffer): Buffer {
    const renaming = this.renaming
    const named = renaming === null ? document : new Renamer(renaming).end(document)
    const names = this.#used.filter(({ kind }) => kind === 'voice').map(({ name }) => name)
    return this.#tools.names.scrubNames(named, this.#owner.userId, names)
  }

  ended(outcome: Outcome): void {
    // To delete a voice is no use of it; it would come back.
    if (outcome === 'ok' && !objectsOf(this.#request.operation).deletes) markUsed(this.#tools, this.#used)
    const { write } = this.#tools
    if (this.#voice?.isNew === true && !mayHaveWorked(outcome))
      write({ kind: 'disown', object: this.#voice.object }, () => undefined)
  }

  #expiry(keepMs: number | null): number | null {
    return keepMs === null ? null : this.#tools.clock.now() + keepMs
  }

  #object(making: Making, id: string, document: Buffer): OwnedObject {
    const { operation, body } = this.#request
    const tools = this.#tools
    const purpose = operation === 'files.upload' ? findValues(document, PURPOSE)?.[0]?.text : undefined
    const keepMs = purpose === undefined ? making.keepMs : fileKeepMs(purpose)
    const account = this.account ?? tools.homeOf(this.#owner.userId)
    const now = tools.clock.now()
    return {
      kind: making.kind,
      id,
      account,
      name: id,
      userId: this.#owner.userId,
      tokenId: this.#owner.tokenId,
      requestId: this.#owner.requestId,
      operation,
      detail:
        making.kind === 'file' && operation !== 'files.upload'
          ? ''
          : detailOf(operation, body ?? undefined, document, now),
      createdAt: now,
      expiresAt: this.#expiry(keepMs),
    }
  }

  #ownAll(objects: readonly OwnedObject[], done: (error: GatewayError | null) => void): void {
    let left = objects.length
    let failure: GatewayError | null = null
    if (left === 0) done(null)
    for (const object of objects) {
      this.#own(object, (error) => {
        failure ??= error
        if (--left === 0) done(failure)
      })
    }
  }

  #own(object: OwnedObject, done: (error: GatewayError | null) => void): void {
    const { write, isFailing } = this.#tools
    write({ kind: 'own', object }, (error, applied) => {
      if (error !== null || applied) done(error)
      // What is another's already is not given away; what cannot be written now is not told.
      else done(new GatewayError(isFailing() ? 'store_unavailable' : 'upstream_bad_answer'))
    })
  }

  #disownUsed(): void {
    for (const object of this.#used) this.#tools.write({ kind: 'disown', object }, () => undefined)
  }

  /** A look at an object tells more of it than its making did; lists show it. */
  #refresh(document: Buffer): void {
    const { operation } = this.#request
    const [object] = this.#used
    if (object === undefined) return
    const detail =
      operation === 'video.v2.query'
        ? taskDetailOf(document)
        : operation === 'files.retrieve'
          ? fileDetailOf(document)
          : ''
    if (detail === '' || detail === object.detail) return
    this.#tools.write({ kind: 'own', object: { ...object, detail } }, () => undefined)
  }
}

/** A task of the second video API that waits is cancelled first, and can be asked about after that. */
function isDeleted(operation: string, document: Buffer): boolean {
  if (operation !== 'video.v2.delete') return true
  return findValues(document, ACTION)?.[0]?.text === 'deleted'
}
