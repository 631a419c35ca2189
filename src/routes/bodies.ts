import { GatewayError } from '../errors.ts'
import { fingerprintOf } from '../lib/fingerprint.ts'
import { viewJson, type JsonView } from '../proxy/json.ts'
import { checkModel, type MatchedPassage } from './passage.ts'

/** @returns what stands behind the `?` of a path; '' where nothing does */
export function queryOf(path: string): string {
  const mark = path.indexOf('?')
  return mark < 0 ? '' : path.slice(mark + 1)
}

/** A body that was read, and what the policy needs of it. */
export interface ReadBody {
  readonly bytes: Buffer
  readonly view: JsonView
}

/** @throws GatewayError for a body that is ambiguous, or asks for what its sender may not use */
export function readJson(passage: MatchedPassage, bytes: Buffer | undefined): ReadBody {
  if (bytes === undefined || bytes.length === 0) throw new GatewayError('length_required')
  const view = viewJson(bytes)
  if (view.modelMistyped) throw new GatewayError('model_missing')
  passage.call.stream = view.stream && passage.match.operation.answer === 'stream'
  // Before the model is looked at: whoever is refused for it may be trying out what the token may do.
  passage.call.contentHash = fingerprintOf(bytes)
  checkModel(passage, view.model)
  return { bytes, view }
}
