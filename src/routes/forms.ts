import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import { ID_FIELDS } from '../minimax/objects.ts'
import type { Outgoing } from '../proxy/outgoing.ts'
import { printable } from '../proxy/json-walker.ts'
import { boundaryOf, FormWatcher } from '../proxy/multipart.ts'
import { Upload } from '../proxy/upload.ts'
import { checkModel, type HeldBooks, type MatchedPassage, type Pipeline } from './passage.ts'
import { reserveModel } from './reserve.ts'

/** Fields of no form that the API knows; in one, they could name what is another's. */
const NOT_IN_FORMS: ReadonlySet<string> = new Set([...ID_FIELDS, 'callback_url'])

/** A form whose model is named by a field of it: the model's own limits are taken before upstream has the end. */
class LimitedUpload extends Upload {
  /** What has to be waited for: why the form may not go on, or null. */
  pending: Promise<GatewayError | null> | null = null

  override async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of super[Symbol.asyncIterator]()) {
      // Each chunk comes here only when the policy has seen the next one, and the last one when it has seen all.
      const error = await this.pending
      if (error !== null) throw error
      yield chunk
    }
  }
}

/**
 * A form that is passed on as it comes; what the policy says to its fields, it says while they pass.
 * @param books of the call, for which something is held already: a form names its model after that
 * @throws GatewayError
 */
export function formOutgoing(
  pipeline: Pipeline,
  passage: MatchedPassage,
  request: IncomingMessage,
  path: string,
  books: HeldBooks,
): Outgoing {
  const { call, match } = passage
  const boundary = boundaryOf(request.headers['content-type'] ?? '')
  if (boundary === undefined) throw new GatewayError('length_required')
  const length = request.headers['content-length']
  const bytes = length === undefined ? undefined : Number(length)
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
        if (call.model !== '') upload.pending = reserveModel(pipeline, passage, books, { bytes })
      } else if (name === 'stream') call.stream = value === 'true' && match.operation.answer === 'stream'
    },
    end() {
      if (call.model === '') checkModel(passage, undefined)
    },
  })
  const upload = new LimitedUpload(request, call, pipeline.clock, match.operation.bodyLimit, watcher)
  return {
    path,
    clientHeaders: request.headers,
    body: upload,
    contentType: `multipart/form-data; boundary="${boundary}"`,
    contentLength: bytes ?? null,
    hidesUsage: false,
  }
}
