/**
 * Every operation of the MiniMax API that the gateway offers, one row each. What is not here does not exist.
 * The source of each row is the platform's API reference (platform.minimax.io/docs/api-reference), read in autumn 2026.
 */

/** How an operation says that it failed: HTTP 200 with `base_resp`, OpenAI's error object, or Anthropic's. */
export type Dialect = 'native' | 'openai' | 'anthropic'

export const MODALITIES = [
  'chat',
  'speech',
  'voice',
  'video',
  'image',
  'music',
  'transcription',
  'files',
  'account',
] as const

export type Modality = (typeof MODALITIES)[number]

/** What a query parameter or a path segment may look like. Nothing else reaches upstream. */
export const PARAMETER_PATTERNS = {
  id: /^[A-Za-z0-9_-]{1,128}$/,
  ids: /^[A-Za-z0-9_,-]{1,4096}$/,
  model: /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/,
  word: /^[A-Za-z0-9_-]{1,64}$/,
  integer: /^[0-9]{1,9}$/,
  boolean: /^(true|false)$/,
} as const satisfies Record<string, RegExp>

export type ParameterKind = keyof typeof PARAMETER_PATTERNS

/** Milliseconds that each stage of a call to upstream may take. */
export interface Timeouts {
  /** From the last byte of the request to the first of the answer. */
  readonly firstByte: number
  /** Between two pieces of the answer. */
  readonly idle: number
  /** From the start of the call to its end; streams are bounded by a setting instead. */
  readonly total: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/** A look-up or a change that MiniMax answers at once. */
const QUICK: Timeouts = { firstByte: 60 * SECOND, idle: 60 * SECOND, total: 5 * MINUTE }
/** One generation: a whole completion that is not streamed is silent until it is complete. */
const GENERATION: Timeouts = { firstByte: 10 * MINUTE, idle: 2 * MINUTE, total: 20 * MINUTE }
/** A song is made before its first byte is sent. */
const SONG: Timeouts = { firstByte: 15 * MINUTE, idle: 5 * MINUTE, total: 30 * MINUTE }
/** Bytes of a file, either way. */
const TRANSFER: Timeouts = { firstByte: 5 * MINUTE, idle: MINUTE, total: 60 * MINUTE }

const KIB = 1024
const MIB = 1024 * KIB

export interface Operation {
  /** `modality.verb`, as in logs, metrics and a token's list. */
  readonly name: string
  readonly modality: Modality
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** The exact path; a segment `{task_id}` takes an id. */
  readonly path: string
  readonly dialect: Dialect
  /** `websocket` operations are reached by an upgrade. */
  readonly body: 'none' | 'json' | 'multipart' | 'websocket'
  /** The largest request body in bytes; for WebSockets, the largest message from the client. */
  readonly bodyLimit: number
  /**
   * Where the request names its model: `required`; `optional` (none is used when it is absent);
   * `defaulted` (upstream picks one when it is absent); `none`.
   */
  readonly model: 'required' | 'optional' | 'defaulted' | 'none'
  /** `json`: one document; `stream`: SSE when the request asks for it; `bytes`: a file. */
  readonly answer: 'json' | 'stream' | 'bytes'
  /** Who answers: MiniMax, or the gateway itself with what is the caller's own. */
  readonly answeredBy: 'upstream' | 'gateway'
  /** Query parameters that go upstream; all others are dropped. */
  readonly query: Readonly<Record<string, ParameterKind>>
  readonly timeouts: Timeouts
  /**
   * What a caller who leaves does to a call whose answer is not a stream: `finish` reads the real answer, because
   * MiniMax bills or makes something regardless; `cancel` closes upstream, because nothing is lost.
   */
  readonly onCallerGone: 'finish' | 'cancel'
  /** Whether its streams tell what they used only where `stream_options.include_usage` asks for it (text-chat-openai). */
  readonly asksUsage: boolean
}

type Row = Pick<Operation, 'method' | 'path' | 'body'> & Partial<Operation>

/** The prefix of a path tells the dialect, also for paths that do not exist. */
export function dialectOfPath(path: string): Dialect {
  if (path.startsWith('/anthropic/')) return 'anthropic'
  if (
    path.startsWith('/v1/chat/') ||
    path.startsWith('/v1/responses') ||
    path.startsWith('/v1/models') ||
    path.startsWith('/v1/speech_to_text') ||
    path.startsWith('/v2/')
  ) {
    return 'openai'
  }
  return 'native'
}

const MODALITY_OF_PREFIX: Readonly<Record<string, Modality>> = {
  models: 'chat',
  embeddings: 'chat',
  search: 'chat',
  vision: 'chat',
}

function isModality(word: string): word is Modality {
  return MODALITIES.some((modality) => modality === word)
}

function modalityOf(name: string): Modality {
  const prefix = name.slice(0, name.indexOf('.'))
  const modality = isModality(prefix) ? prefix : MODALITY_OF_PREFIX[prefix]
  if (modality === undefined) throw new Error(`operation ${name} belongs to no modality`)
  return modality
}

function define(table: Readonly<Record<string, Row>>): readonly Operation[] {
  return Object.entries(table).map(([name, row]) =>
    Object.freeze({
      name,
      modality: modalityOf(name),
      dialect: dialectOfPath(row.path),
      bodyLimit: row.body === 'none' ? 0 : MIB,
      model: 'none',
      answer: 'json',
      answeredBy: 'upstream',
      query: {},
      timeouts: QUICK,
      onCallerGone: row.method === 'GET' ? 'cancel' : 'finish',
      asksUsage: false,
      ...row,
    } satisfies Operation),
  )
}

/** Chat takes images and videos inline; the documented limit of a request is 64 MB (guides/text-chat). */
const CHAT = {
  body: 'json',
  bodyLimit: 64 * MIB,
  model: 'required',
  answer: 'stream',
  timeouts: GENERATION,
} as const
const VIDEO_TASK = { body: 'json', timeouts: { ...QUICK, firstByte: 2 * MINUTE } } as const

export const OPERATIONS: readonly Operation[] = define({
  // chat
  'chat.native': { method: 'POST', path: '/v1/text/chatcompletion_v2', ...CHAT },
  'chat.openai': { method: 'POST', path: '/v1/chat/completions', ...CHAT, asksUsage: true },
  'chat.responses': { method: 'POST', path: '/v1/responses', ...CHAT },
  'chat.input_tokens': {
    method: 'POST',
    path: '/v1/responses/input_tokens',
    ...CHAT,
    answer: 'json',
    timeouts: QUICK,
    onCallerGone: 'cancel',
  },
  'chat.anthropic': { method: 'POST', path: '/anthropic/v1/messages', ...CHAT, query: { beta: 'boolean' } },
  'chat.count_tokens': {
    method: 'POST',
    path: '/anthropic/v1/messages/count_tokens',
    ...CHAT,
    answer: 'json',
    query: { beta: 'boolean' },
    timeouts: QUICK,
    onCallerGone: 'cancel',
  },
  'chat.legacy': { method: 'POST', path: '/v1/text/chatcompletion', ...CHAT },
  'chat.legacy_pro': { method: 'POST', path: '/v1/text/chatcompletion_pro', ...CHAT },
  'models.list': { method: 'GET', path: '/v1/models', body: 'none' },
  'models.retrieve': { method: 'GET', path: '/v1/models/{model}', body: 'none' },
  'models.anthropic_list': {
    method: 'GET',
    path: '/anthropic/v1/models',
    body: 'none',
    query: { limit: 'integer', after_id: 'model', before_id: 'model', beta: 'boolean' },
  },
  'models.anthropic_retrieve': {
    method: 'GET',
    path: '/anthropic/v1/models/{model}',
    body: 'none',
    query: { beta: 'boolean' },
  },
  'embeddings.create': {
    method: 'POST',
    path: '/v1/embeddings',
    body: 'json',
    bodyLimit: 8 * MIB,
    model: 'required',
  },
  'search.web': { method: 'POST', path: '/v1/coding_plan/search', body: 'json' },
  'vision.describe': {
    method: 'POST',
    path: '/v1/coding_plan/vlm',
    body: 'json',
    bodyLimit: 64 * MIB,
    timeouts: GENERATION,
  },

  // speech
  'speech.sync': {
    method: 'POST',
    path: '/v1/t2a_v2',
    body: 'json',
    model: 'required',
    answer: 'stream',
    timeouts: GENERATION,
  },
  'speech.websocket': {
    method: 'GET',
    path: '/ws/v1/t2a_v2',
    body: 'websocket',
    model: 'required',
    onCallerGone: 'cancel',
  },
  'speech.websocket_bidi': {
    method: 'GET',
    path: '/ws/v1/t2a_v2_bidi',
    body: 'websocket',
    model: 'required',
    onCallerGone: 'cancel',
  },
  'speech.async.create': {
    method: 'POST',
    path: '/v1/t2a_async_v2',
    body: 'json',
    model: 'required',
    timeouts: GENERATION,
  },
  'speech.async.query': {
    method: 'GET',
    path: '/v1/query/t2a_async_query_v2',
    body: 'none',
    query: { task_id: 'id' },
  },
  'speech.legacy_pro': {
    method: 'POST',
    path: '/v1/t2a_pro',
    body: 'json',
    model: 'required',
    timeouts: GENERATION,
  },

  // voices
  'voice.clone': {
    method: 'POST',
    path: '/v1/voice_clone',
    body: 'json',
    model: 'optional',
    timeouts: GENERATION,
  },
  'voice.design': { method: 'POST', path: '/v1/voice_design', body: 'json', timeouts: GENERATION },
  'voice.list': { method: 'POST', path: '/v1/get_voice', body: 'json', answeredBy: 'gateway' },
  'voice.delete': { method: 'POST', path: '/v1/delete_voice', body: 'json' },

  // transcription: files up to 50 MB (api-reference/speech-to-text); the rest is the form around them
  'transcription.create': {
    method: 'POST',
    path: '/v1/speech_to_text',
    body: 'multipart',
    bodyLimit: 51 * MIB,
    model: 'required',
    answer: 'stream',
    timeouts: GENERATION,
  },

  // video
  'video.create': {
    method: 'POST',
    path: '/v1/video_generation',
    ...VIDEO_TASK,
    bodyLimit: 64 * MIB,
    model: 'required',
  },
  'video.query': {
    method: 'GET',
    path: '/v1/query/video_generation',
    body: 'none',
    query: { task_id: 'id' },
  },
  'video.template.create': {
    method: 'POST',
    path: '/v1/video_template_generation',
    ...VIDEO_TASK,
    bodyLimit: 64 * MIB,
  },
  'video.template.query': {
    method: 'GET',
    path: '/v1/query/video_template_generation',
    body: 'none',
    query: { task_id: 'id' },
  },
  'video.v2.create': {
    method: 'POST',
    path: '/v2/video_generation',
    ...VIDEO_TASK,
    bodyLimit: 64 * MIB,
    model: 'required',
  },
  'video.v2.regenerate': {
    method: 'POST',
    path: '/v2/video_regeneration',
    ...VIDEO_TASK,
    bodyLimit: 64 * MIB,
    model: 'defaulted',
  },
  'video.v2.context_ir': {
    method: 'POST',
    path: '/v2/h3_context_ir',
    ...VIDEO_TASK,
    bodyLimit: 64 * MIB,
    model: 'defaulted',
  },
  'video.v2.query': { method: 'GET', path: '/v2/query/video_generation/{task_id}', body: 'none' },
  'video.v2.list': {
    method: 'GET',
    path: '/v2/query/video_generation',
    body: 'none',
    answeredBy: 'gateway',
    query: {
      page_num: 'integer',
      page_size: 'integer',
      'filter.status': 'word',
      'filter.task_ids': 'ids',
      'filter.model': 'model',
      'filter.task_type': 'word',
    },
  },
  'video.v2.delete': { method: 'DELETE', path: '/v2/video_generation/{task_id}', body: 'none' },

  // image, music
  'image.create': {
    method: 'POST',
    path: '/v1/image_generation',
    body: 'json',
    bodyLimit: 32 * MIB,
    model: 'required',
    timeouts: GENERATION,
  },
  'music.create': {
    method: 'POST',
    path: '/v1/music_generation',
    body: 'json',
    bodyLimit: 64 * MIB,
    model: 'required',
    answer: 'stream',
    timeouts: SONG,
  },
  'music.lyrics': { method: 'POST', path: '/v1/lyrics_generation', body: 'json', timeouts: GENERATION },
  'music.cover_preprocess': {
    method: 'POST',
    path: '/v1/music_cover_preprocess',
    body: 'json',
    bodyLimit: 64 * MIB,
    model: 'defaulted',
    timeouts: GENERATION,
  },

  // files: up to 512 MB (api-reference/file-management-upload); the rest is the form around them
  'files.upload': {
    method: 'POST',
    path: '/v1/files/upload',
    body: 'multipart',
    bodyLimit: 513 * MIB,
    timeouts: TRANSFER,
  },
  'files.list': {
    method: 'GET',
    path: '/v1/files/list',
    body: 'none',
    query: { purpose: 'word' },
    answeredBy: 'gateway',
  },
  'files.retrieve': { method: 'GET', path: '/v1/files/retrieve', body: 'none', query: { file_id: 'id' } },
  'files.content': {
    method: 'GET',
    path: '/v1/files/retrieve_content',
    body: 'none',
    answer: 'bytes',
    query: { file_id: 'id' },
    timeouts: TRANSFER,
  },
  'files.delete': { method: 'POST', path: '/v1/files/delete', body: 'json' },

  // the operator's account: never sent upstream
  'account.quota': { method: 'GET', path: '/v1/token_plan/remains', body: 'none', answeredBy: 'gateway' },
  'account.coding_plan': {
    method: 'GET',
    path: '/v1/coding_plan/remains',
    body: 'none',
    answeredBy: 'gateway',
  },
  'account.open_platform': {
    method: 'GET',
    path: '/v1/api/openplatform/coding_plan/remains',
    body: 'none',
    answeredBy: 'gateway',
  },
  'account.balance': { method: 'GET', path: '/account/query_balance', body: 'none', answeredBy: 'gateway' },
})

/** Names of all operations, for a token's list. */
export const OPERATION_NAMES: readonly string[] = OPERATIONS.map((operation) => operation.name)

/** An operation with what its path's `{segment}` held; '' where the path has none. */
export interface Match {
  readonly operation: Operation
  readonly parameter: string
}

const exact = new Map<string, Match>()
const byPrefix = new Map<string, { readonly operation: Operation; readonly pattern: RegExp }>()

for (const operation of OPERATIONS) {
  const brace = operation.path.indexOf('{')
  if (brace < 0) {
    exact.set(`${operation.method} ${operation.path}`, { operation, parameter: '' })
  } else {
    const pattern = operation.path.endsWith('{model}') ? PARAMETER_PATTERNS.model : PARAMETER_PATTERNS.id
    byPrefix.set(`${operation.method} ${operation.path.slice(0, brace)}`, { operation, pattern })
  }
}

/**
 * The operation of a request, by exact method and path: no decoding, no normalising, no case folding.
 * @param path the path as it stood in the request line, without its query
 */
export function operationOf(method: string, path: string): Match | undefined {
  const match = exact.get(`${method} ${path}`)
  if (match !== undefined) return match
  const slash = path.lastIndexOf('/') + 1
  const row = byPrefix.get(`${method} ${path.slice(0, slash)}`)
  if (row === undefined) return undefined
  const parameter = path.slice(slash)
  return row.pattern.test(parameter) ? { operation: row.operation, parameter } : undefined
}
