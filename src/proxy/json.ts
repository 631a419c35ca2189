import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../errors.ts'
import { JsonWalker, printable } from './json-walker.ts'

/**
 * Top-level fields by which we or MiniMax decide about a call. One in another case is refused: a decoder that ignores
 * case (Go's does) would read it where we do not.
 */
const POLICY_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'event',
  'stream',
  'stream_options',
  'messages',
  'input',
  'text',
  'text_file_id',
  'prompt',
  'n',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'service_tier',
  'tools',
  'metadata',
  'file_id',
  'voice_id',
  'voice_setting',
  'timbre_weights',
  'timber_weights',
  'clone_prompt',
  'task_id',
  'source_task_id',
  'cover_feature_id',
  'template_id',
  'content',
  'callback_url',
  'duration',
  'resolution',
  'output_format',
  'group_id',
  'purpose',
  'user',
  'prompt_cache_key',
])

/** Where a value stands in a body: from its first byte to the one after its last. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** What the policy reads of a JSON body. */
export interface JsonView {
  /** The top-level `model`, when it is there and a string. */
  readonly model: string | undefined
  /** Whether there is a `model` that is not a string. */
  readonly modelMistyped: boolean
  /** Whether the top-level `stream` is `true`. */
  readonly stream: boolean
  /** The top-level `event` of a WebSocket message, when it is there and a string. */
  readonly event: string | undefined
  /** The value of the top-level `stream_options`, whatever its type, when it is there. */
  readonly streamOptions: ByteRange | undefined
  /** The values of the top-level fields that tell MiniMax whose call it is, whatever their types, when they are there. */
  readonly metadata: ByteRange | undefined
  readonly promptCacheKey: ByteRange | undefined
  readonly user: ByteRange | undefined
}

/** Folds case as Go's JSON decoder does, which also takes the long s and the Kelvin sign for s and k. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase()
}

/**
 * Refuses a field that only another case keeps from being one of those by which something is decided.
 * @throws GatewayError `duplicate_field`
 */
export function refuseOtherCase(key: string, fields: ReadonlySet<string>): void {
  if (fields.has(key)) return
  const name = fold(key)
  if (fields.has(name))
    throw new GatewayError('duplicate_field', `The field "${printable(key)}" must be written "${name}".`)
}

const QUOTE = 0x22
const LETTER_T = 0x74

/**
 * Reads what the policy needs of a JSON body and refuses what two parsers might read differently: a field named twice
 * (at any depth), a policy field in another case, `__proto__`, bytes that are not UTF-8, absurd depth or size.
 * @param bytes the body exactly as it came; it is not changed
 * @throws GatewayError `invalid_json` or `duplicate_field`
 */
export function viewJson(bytes: Buffer): JsonView {
  if (!isUtf8(bytes)) throw new GatewayError('invalid_json', 'The body is not UTF-8.')
  let model: string | undefined
  let modelMistyped = false
  let stream = false
  let event: string | undefined
  let streamOptions: ByteRange | undefined
  let metadata: ByteRange | undefined
  let promptCacheKey: ByteRange | undefined
  let user: ByteRange | undefined
  const text = (start: number, end: number): string | undefined =>
    bytes[start] === QUOTE ? String(JSON.parse(bytes.toString('utf8', start, end))) : undefined
  new JsonWalker(bytes, (key, start, end) => {
    if (key === 'model') {
      model = text(start, end)
      modelMistyped = model === undefined
    } else if (key === 'stream') stream = bytes[start] === LETTER_T
    else if (key === 'event') event = text(start, end)
    else if (key === 'stream_options') streamOptions = { start, end }
    else if (key === 'metadata') metadata = { start, end }
    else if (key === 'prompt_cache_key') promptCacheKey = { start, end }
    else if (key === 'user') user = { start, end }
    else refuseOtherCase(key, POLICY_FIELDS)
  }).walk()
  return { model, modelMistyped, stream, event, streamOptions, metadata, promptCacheKey, user }
}
