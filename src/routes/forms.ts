import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import { ID_FIELDS } from '../minimax/objects.ts'
import type { Outgoing } from '../proxy/outgoing.ts'
import { printable } from '../proxy/json-walker.ts'
import { boundaryOf, FormWatcher } from '../proxy/multipart.ts'
import { Upload } from '../proxy/upload.ts'
import { checkModel, type MatchedPassage, type Pipeline } from './passage.ts'

/** Fields of no form that the API knows; in one, they could name what is another's. */
const NOT_IN_FORMS: ReadonlySet<string> = new Set([...ID_FIELDS, 'callback_url'])

/**
 * A form that is passed on as it comes; what the policy says to its fields, it says while they pass.
 * @throws GatewayError
 */
export function formOutgoing(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
): Outgoing {
  const { call, match } = passage
  const boundary = boundaryOf(request.headers['content-type'] ?? '')
  if (boundary === undefined) throw new GatewayError('length_required')
  const watcher = new FormWatcher(boundary, {
    field(name, value) {
      if (NOT_IN_FORMS.has(name.toLowerCase()) || /^\s*mm_file:/i.test(value))
        throw new GatewayError(
          'invalid_request',
          `The field "${printable(name)}" does not belong in this form.`,
        )
      if (name === 'model') {
        checkModel(passage, value)
        pipeline.checkPrice(match.operation.name, value)
      } else if (name === 'stream') call.stream = value === 'true' && match.operation.answer === 'stream'
    },
    end() {
      if (call.model === '') checkModel(passage, undefined)
    },
  })
  const length = request.headers['content-length']
  return {
    path,
    clientHeaders: request.headers,
    body: new Upload(request, call, pipeline.clock, match.operation.bodyLimit, watcher),
    contentType: `multipart/form-data; boundary="${boundary}"`,
    contentLength: length === undefined ? null : Number(length),
    hidesUsage: false,
  }
}
