import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import { refusalOf } from '../proxy/closing.ts'
import { writeRefusal } from '../proxy/refusal.ts'
import type { Session } from '../tenancy/session.ts'
import {
  checkModel,
  ownerOf,
  upgradeOf,
  type HeldBooks,
  type MatchedPassage,
  type Pipeline,
  type Upgrade,
} from './passage.ts'
import { reserve } from './reserve.ts'

/** Opens a WebSocket to upstream for one of the caller's. @throws GatewayError */
export function openWebSocket(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
): void {
  const { call, match, response } = passage
  const upgrade = upgradeOf(request)
  if (upgrade === undefined) throw new GatewayError('upgrade_required')
  const session = pipeline.session(ownerOf(passage), match.operation.name)
  const books = pipeline.books(call, passage.identity, null, '')
  const refuse = (error: GatewayError): void => {
    call.status = error.status
    call.refusal ??= refusalOf(error)
    writeRefusal(response, match.operation.dialect, error, call.requestId)
  }
  reserve(
    pipeline,
    passage,
    books,
    {},
    () => open(pipeline, passage, request, path, upgrade, session, books, refuse),
    (error) => {
      session.ended(error.outcome)
      refuse(error)
      call.finish(error.outcome)
    },
  )
}

function open(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
  upgrade: Upgrade,
  session: Session,
  books: HeldBooks,
  refuse: (error: GatewayError) => void,
): void {
  const { call, match, protocol, response } = passage
  let hasBegun = false
  const held = (message: Buffer): Buffer | Promise<Buffer> =>
    books.admit(message, session.unusedVoices)?.then(() => message) ?? message
  pipeline.relays.open({
    account: session.account,
    call,
    books,
    operation: match.operation,
    path,
    request,
    socket: upgrade.socket,
    head: upgrade.head,
    protocol,
    release: () => response.detachSocket(request.socket),
    check(view, message) {
      if (view.modelMistyped) throw new GatewayError('model_missing')
      if (view.event === 'task_start') {
        // The second one would name another model for what the first one's cost.
        if (hasBegun) throw new GatewayError('invalid_request', 'The task of a WebSocket is started once.')
        hasBegun = true
        checkModel(passage, view.model)
        if (view.model !== undefined) pipeline.checkPrice(match.operation.name, view.model)
      }
      const checked = session.check(message)
      return Buffer.isBuffer(checked) ? held(checked) : checked.then(held)
    },
    masked: (message) => session.masked(message),
    ended(outcome) {
      session.ended(outcome)
      // Only what was sent is settled by its books.
      if (call.attempts === 0) books.hold?.release(outcome !== 'caller_gone')
    },
    refuse,
  })
}
