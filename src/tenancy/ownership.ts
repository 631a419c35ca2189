import { GatewayError } from '../errors.ts'
import { findValues, insertField, jsonString, referencesIn, replaceValues } from '../minimax/json-places.ts'
import { idPathsOf, objectsOf, type ObjectKind } from '../minimax/objects.ts'
import type { OwnedObject } from '../store/store.ts'
import { Claim } from './claim.ts'
import { taskDetailOf } from './lists.ts'
import { Session } from './session.ts'
import type { Edit, NewVoice, Owner, OwnershipTools, ScreenedRequest } from './tools.ts'

/** No request of the API names more objects; each costs a look-up. */
const MAX_IDS = 64

interface NamedId {
  readonly kind: ObjectKind
  readonly text: string
  /** Where it stands in the body; null: elsewhere. */
  readonly range: { readonly start: number; readonly end: number } | null
}

/** Objects that a request names, as far as they were found to be its sender's. */
interface Found {
  readonly objects: OwnedObject[]
  readonly edits: Edit[]
}

/** Knows whose the objects on the shared account are, and lets nobody name another's. */
export class Ownership {
  readonly #tools: OwnershipTools

  constructor(tools: OwnershipTools) {
    this.#tools = tools
  }

  /**
   * Looks at every id that a request names, before anything goes upstream.
   * @returns what is to be kept of it for its answer; null: the call has nothing to do with objects
   * @throws GatewayError, or rejects with one: `object_not_found` for what is another's or not there, `invalid_request`
   */
  screen(owner: Owner, request: ScreenedRequest): Claim | null | Promise<Claim> {
    const { operation, body } = request
    const { makes, uses, refuses } = objectsOf(operation)
    if (body !== null && refuses.length > 0) refuseStored(body, refuses)
    const references = body === null ? [] : referencedIn(body)
    if (makes.length === 0 && uses.length === 0 && references.length === 0) return null
    const ids = [...references, ...idsOf(request)]
    return this.#find(owner, ids, null).then(async (found) => await this.#claim(owner, request, found))
  }

  /** A WebSocket of a user: its messages name objects too. It runs on the account on which the user's voices are. */
  session(owner: Owner, operation: string): Session {
    const account = this.#tools.homeOf(owner.userId)
    return new Session(this.#tools, owner.userId, account, (message, used) =>
      this.#screenMessage(owner, { operation, parameter: '', query: '', body: message }, account, used),
    )
  }

  /**
   * A user is about to be told, by a callback, what an operation's answer tells: what it names that is new becomes theirs.
   * @throws GatewayError (rejects) `store_unavailable`, or `upstream_bad_answer` for what is another's
   */
  async told(owner: Owner, operation: string, account: string, document: Buffer): Promise<void> {
    const request = { operation, parameter: '', query: '', body: null }
    const claim = new Claim(this.#tools, owner, request, account, [], null)
    await new Promise<void>((resolve, reject) => {
      claim.answered(document, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  /** The gateway itself has asked how a user's task stands: lists show that from now on. Never rejects. */
  async seen(userId: string, taskId: string, document: Buffer): Promise<void> {
    const detail = taskDetailOf(document)
    if (detail === '') return
    const { objects, clock, write } = this.#tools
    try {
      const object = await objects.find(userId, 'video_v2_task', taskId, clock.now())
      if (object === undefined || object.detail === detail) return
      write({ kind: 'own', object: { ...object, detail } }, () => undefined)
    } catch {
      // The store takes no questions now. The list stays as it is until the next look.
    }
  }

  #screenMessage(
    owner: Owner,
    request: ScreenedRequest & { readonly body: Buffer },
    account: string,
    used: (objects: readonly OwnedObject[]) => void,
  ): Buffer | Promise<Buffer> {
    const ids = [...referencedIn(request.body), ...idsOf(request)]
    const message = request.body
    if (ids.every(({ kind, text }) => kind === 'voice' && this.#isEverybodys(text))) return message
    return this.#find(owner, ids, account).then(({ objects, edits }) => {
      used(objects)
      return edits.length === 0 ? message : replaceValues(message, edits)
    })
  }

  /** As far as that is known without asking MiniMax. */
  #isEverybodys(voice: string): boolean {
    return this.#tools.sharedVoices.has(voice) || this.#tools.systemVoices.knows(voice)
  }

  async #find(owner: Owner, ids: readonly NamedId[], account: string | null): Promise<Found> {
    if (ids.length > MAX_IDS)
      throw new GatewayError('invalid_request', `A request may name ${MAX_IDS} objects at the most.`)
    const objects: OwnedObject[] = []
    const edits: Edit[] = []
    for (const { kind, text, range } of ids) {
      if (kind === 'voice' && this.#isEverybodys(text)) continue
      const object = await this.#tools.objects.find(owner.userId, kind, text, this.#tools.clock.now())
      // A voice that MiniMax has added of late is everybody's too.
      if (object === undefined && kind === 'voice' && (await this.#tools.systemVoices.has(text))) continue
      if (object === undefined || (account !== null && object.account !== account)) throw notFound(kind)
      objects.push(object)
      if (object.id !== text && range !== null)
        edits.push({ start: range.start, end: range.end, text: jsonString(object.id) })
    }
    const [first] = objects
    if (objects.some((object) => object.account !== first?.account))
      throw new GatewayError('invalid_request', 'The objects that the request names cannot be used together.')
    return { objects, edits }
  }

  async #claim(owner: Owner, request: ScreenedRequest, { objects, edits }: Found): Promise<Claim> {
    const { operation, body } = request
    const columns = objectsOf(operation)
    const account =
      objects[0]?.account ?? (columns.makes.length > 0 ? this.#tools.homeOf(owner.userId) : null)
    const making = columns.makes.find((one) => one.in === 'request')
    const voice =
      making === undefined || body === null || account === null
        ? null
        : await this.#newVoice(owner, request, body, account)
    const own = voice?.edit === undefined || voice.edit === null ? edits : [...edits, voice.edit]
    const edited = body === null || own.length === 0 ? body : replaceValues(body, own)
    const added =
      edited !== null && voice !== null && voice.edit === null
        ? insertField(edited, 'voice_id', voice.object.id)
        : edited
    return new Claim(this.#tools, owner, { ...request, body: added }, account, objects, voice)
  }

  /** The voice that a request is about to make under a name of the user's. */
  async #newVoice(
    owner: Owner,
    { operation }: ScreenedRequest,
    body: Buffer,
    account: string,
  ): Promise<NewVoice | null> {
    const { names, clock, random, objects } = this.#tools
    const [value] = findValues(body, VOICE_ID) ?? []
    // A name that is empty would stand beside the one that a design gets.
    const isEmpty = value === undefined && hasField(body, 'voice_id')
    if (isEmpty || value?.isMistyped === true)
      throw new GatewayError('invalid_request', 'The field "voice_id" must hold a name, or be left out.', {
        path: 'voice_id',
      })
    // A clone without a name is refused by MiniMax.
    if (value === undefined && operation !== 'voice.design') return null
    const name = value?.text ?? names.newName(clock, random)
    const isSystem = await this.#tools.systemVoices.has(name)
    names.checkName(name, (one) => isSystem || this.#isEverybodys(one))
    const existing = await objects.find(owner.userId, 'voice', name, clock.now())
    const id = existing?.id ?? names.upstreamOf(owner.userId, name)
    const edit = value === undefined ? null : { start: value.start, end: value.end, text: jsonString(id) }
    const now = clock.now()
    const object: OwnedObject = existing ?? {
      kind: 'voice',
      id,
      account,
      name,
      userId: owner.userId,
      tokenId: owner.tokenId,
      requestId: owner.requestId,
      operation,
      detail: '',
      createdAt: now,
      expiresAt: null,
    }
    return { object, edit, isNew: existing === undefined }
  }
}

/** @throws GatewayError `object_not_found` for what nobody of ours can own */
function refuseStored(body: Buffer, paths: readonly string[]): void {
  const [value] = findValues(body, paths) ?? []
  if (value !== undefined)
    throw new GatewayError('object_not_found', 'The response does not exist.', { path: value.path })
}

/** Files that stand in a document as `mm_file://…`. @throws GatewayError `invalid_request` */
function referencedIn(body: Buffer): NamedId[] {
  return referencesIn(body).map(({ id, start, end }) => {
    if (id === null)
      throw new GatewayError('invalid_request', 'Write references to files as mm_file://<file_id>.')
    return { kind: 'file', text: id, range: { start, end } }
  })
}

/** @throws GatewayError `invalid_request` */
function idsOf({ operation, parameter, query, body }: ScreenedRequest): NamedId[] {
  const { uses } = objectsOf(operation)
  const ids: NamedId[] = []
  for (const { kind, in: where, at } of uses) {
    if (where === 'body') continue
    const text = where === 'path' ? parameter : (new URLSearchParams(query).get(at) ?? '')
    if (text !== '') ids.push({ kind, text, range: null })
  }
  const { body: paths } = idPathsOf(operation)
  if (body === null || paths.length === 0) return ids
  for (const value of findValues(body, paths) ?? []) {
    if (value.isMistyped)
      throw new GatewayError('invalid_request', `The field "${value.path}" must hold an id.`, {
        path: value.path,
      })
    const kind = uses.find((place) => place.in === 'body' && place.at === value.path)?.kind
    if (kind !== undefined) ids.push({ kind, text: value.text, range: value })
  }
  return ids
}

const VOICE_ID: readonly string[] = ['voice_id']

/** @param body a JSON object */
function hasField(body: Buffer, name: string): boolean {
  const value: unknown = JSON.parse(body.toString())
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
}

const WORDS: Readonly<Record<ObjectKind, string>> = {
  file: 'file',
  voice: 'voice',
  cover_feature: 'cover feature',
  speech_task: 'task',
  video_task: 'task',
  video_template_task: 'task',
  video_v2_task: 'task',
}

/** The same for what is another's and for what is not there. */
export function notFound(kind: ObjectKind): GatewayError {
  return new GatewayError('object_not_found', `The ${WORDS[kind]} does not exist.`)
}
