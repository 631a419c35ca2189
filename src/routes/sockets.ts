import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import { writeRefusal } from '../proxy/refusal.ts'
import { checkModel, ownerOf, upgradeOf, type MatchedPassage, type Pipeline } from './passage.ts'

/** Opens a WebSocket to upstream for one of the caller's. @throws GatewayError */
export function openWebSocket(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
): void {
  const { call, match, protocol, response } = passage
  const upgrade = upgradeOf(request)
  if (upgrade === undefined) throw new GatewayError('upgrade_required')
  const session = pipeline.session(ownerOf(passage), match.operation.name)
  pipeline.relays.open({
    account: session.account,
    call,
    books: pipeline.books(call, passage.identity, null, ''),
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
        checkModel(passage, view.model)
        if (view.model !== undefined) pipeline.checkPrice(match.operation.name, view.model)
      }
      return session.check(message)
    },
    masked: (message) => session.masked(message),
    ended: (outcome) => session.ended(outcome),
    refuse(error) {
      call.status = error.status
      writeRefusal(response, match.operation.dialect, error, call.requestId)
    },
  })
}
