/**
 * What lives on the shared account and who names it: for every operation, where ids of objects stand in its request and
 * in its answer. MiniMax checks only that an id belongs to the account (api-reference, read in autumn 2026), so that
 * what is not declared here cannot be kept apart.
 */

export const OBJECT_KINDS = [
  'file',
  'voice',
  'cover_feature',
  'speech_task',
  'video_task',
  'video_template_task',
  'video_v2_task',
] as const
export type ObjectKind = (typeof OBJECT_KINDS)[number]

/** Where an id stands in a request. */
export interface IdPlace {
  readonly kind: ObjectKind
  /** `body`: the JSON of a request, or of a message of a WebSocket. */
  readonly in: 'path' | 'query' | 'body'
  /** The name of the parameter, or the path to the field: `voice_setting.voice_id`, `timbre_weights[].voice_id`. */
  readonly at: string
}

/** An object that a call makes, or tells of for the first time. */
export interface Making {
  readonly kind: ObjectKind
  /** `answer`: MiniMax chooses the id. `request`: the caller chooses it, as a name of their own. */
  readonly in: 'answer' | 'request'
  /** The path to the field. */
  readonly at: string
  /** Milliseconds after which MiniMax forgets it, unless it is used; null: it stays. */
  readonly keepMs: number | null
}

/** What an operation has to do with objects. */
export interface ObjectColumns {
  readonly makes: readonly Making[]
  readonly uses: readonly IdPlace[]
  /** It answers with all objects of a kind, of the whole account. */
  readonly lists: ObjectKind | null
  /** What it uses is gone after it. */
  readonly deletes: boolean
  /** Paths to other fields of its answer that hold an id: one that the caller named, or an element of a list. */
  readonly echoes: readonly string[]
  /** Paths to fields of its request that name what cannot be kept apart: it is refused. */
  readonly refuses: readonly string[]
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const NONE: ObjectColumns = { makes: [], uses: [], lists: null, deletes: false, echoes: [], refuses: [] }

const inBody = (kind: ObjectKind, at: string): IdPlace => ({ kind, in: 'body', at })
const inQuery = (kind: ObjectKind, at: string): IdPlace => ({ kind, in: 'query', at })
const inPath = (kind: ObjectKind, at: string): IdPlace => ({ kind, in: 'path', at })
const answered = (kind: ObjectKind, at: string, keepMs: number | null = null): Making => ({
  kind,
  in: 'answer',
  at,
  keepMs,
})

/** A cloned or designed voice that nobody uses vanishes after 168 hours (api-reference/voice-cloning-clone). */
const named: Making = { kind: 'voice', in: 'request', at: 'voice_id', keepMs: 168 * HOUR_MS }

/** The last two are those of the first synthesis API, which spelt the weights without their b and r exchanged. */
const VOICES: readonly IdPlace[] = [
  inBody('voice', 'voice_setting.voice_id'),
  inBody('voice', 'timbre_weights[].voice_id'),
  inBody('voice', 'voice_id'),
  inBody('voice', 'timber_weights[].voice_id'),
]

/** A task of the second video API can be asked about for 7 days (api-reference/video-generation-v2-query). */
const VIDEO_V2: readonly Making[] = [answered('video_v2_task', 'task_id', 7 * DAY_MS)]

/** MiniMax keeps no answers of this surface (`store: false`, api-reference/responses-create); should it, they are the account's. */
const STORED: readonly string[] = ['previous_response_id', 'conversation', 'conversation.id']

const TABLE: Readonly<Record<string, Partial<ObjectColumns>>> = {
  'chat.responses': { refuses: STORED },
  'chat.input_tokens': { refuses: STORED },

  'vision.describe': { uses: [inBody('file', 'file_id')] },

  'speech.sync': { uses: VOICES },
  'speech.websocket': { uses: VOICES },
  'speech.websocket_bidi': { uses: VOICES },
  'speech.legacy_pro': { uses: VOICES },
  'speech.async.create': {
    makes: [answered('speech_task', 'task_id'), answered('file', 'file_id')],
    uses: [...VOICES, inBody('file', 'text_file_id')],
  },
  'speech.async.query': {
    makes: [answered('file', 'file_id')],
    uses: [inQuery('speech_task', 'task_id')],
    echoes: ['task_id'],
  },

  'voice.clone': {
    makes: [named],
    uses: [inBody('file', 'file_id'), inBody('file', 'clone_prompt.prompt_audio')],
  },
  'voice.design': { makes: [named], echoes: ['voice_id'] },
  'voice.list': {
    lists: 'voice',
    echoes: ['system_voice[].voice_id', 'voice_cloning[].voice_id', 'voice_generation[].voice_id'],
  },
  'voice.delete': { uses: [inBody('voice', 'voice_id')], deletes: true, echoes: ['voice_id'] },

  'video.create': { makes: [answered('video_task', 'task_id')] },
  'video.query': {
    makes: [answered('file', 'file_id')],
    uses: [inQuery('video_task', 'task_id')],
    echoes: ['task_id'],
  },
  'video.template.create': { makes: [answered('video_template_task', 'task_id')] },
  'video.template.query': { uses: [inQuery('video_template_task', 'task_id')], echoes: ['task_id'] },
  'video.v2.create': { makes: VIDEO_V2 },
  'video.v2.regenerate': { makes: VIDEO_V2, uses: [inBody('video_v2_task', 'source_task_id')] },
  'video.v2.context_ir': { makes: VIDEO_V2 },
  'video.v2.query': { uses: [inPath('video_v2_task', 'task_id')], echoes: ['task.id'] },
  'video.v2.list': { lists: 'video_v2_task', echoes: ['items[].id'] },
  'video.v2.delete': { uses: [inPath('video_v2_task', 'task_id')], deletes: true, echoes: ['task_id'] },

  'music.create': { uses: [inBody('cover_feature', 'cover_feature_id')] },
  // The same audio has the same id, whoever sends it, for 24 hours (api-reference/music-cover-preprocess).
  'music.cover_preprocess': { makes: [answered('cover_feature', 'cover_feature_id', DAY_MS)] },

  'files.upload': { makes: [answered('file', 'file.file_id')] },
  'files.list': { lists: 'file', echoes: ['files[].file_id'] },
  'files.retrieve': { uses: [inQuery('file', 'file_id')], echoes: ['file.file_id'] },
  'files.content': { uses: [inQuery('file', 'file_id')] },
  'files.delete': { uses: [inBody('file', 'file_id')], deletes: true, echoes: ['file_id'] },
}

const COLUMNS: ReadonlyMap<string, ObjectColumns> = new Map(
  Object.entries(TABLE).map(([name, columns]) => [name, { ...NONE, ...columns }]),
)

interface Paths {
  /** In a request. */
  readonly body: readonly string[]
  /** In an answer: of what the operation makes. */
  readonly answer: readonly string[]
}

/** One list per operation, because whoever reads by them compiles each list once. */
const PATHS: ReadonlyMap<string, Paths> = new Map(
  [...COLUMNS].map(([name, { uses, makes }]) => [
    name,
    {
      body: [...new Set(uses.filter((place) => place.in === 'body').map(({ at }) => at))],
      answer: [...new Set(makes.filter((making) => making.in === 'answer').map(({ at }) => at))],
    },
  ]),
)
const NO_PATHS: Paths = { body: [], answer: [] }

/** @returns where ids stand in the JSON of an operation's request and answer; always the same lists */
export function idPathsOf(operation: string): Paths {
  return PATHS.get(operation) ?? NO_PATHS
}

/** The last names of all paths at which a request names an object: forms have fields without paths. */
export const ID_FIELDS: ReadonlySet<string> = new Set(
  [...COLUMNS.values()].flatMap(({ uses, makes }) =>
    [...uses, ...makes.filter((making) => making.in === 'request')].map(({ at }) => lastOf(at)),
  ),
)

/** `timbre_weights[].voice_id` ends in `voice_id`. */
function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

/** Operations that have something to do with objects. */
export const OBJECT_OPERATIONS: readonly string[] = [...COLUMNS.keys()]

/** @returns what an operation has to do with objects; with nothing for one that has nothing to do with any */
export function objectsOf(operation: string): ObjectColumns {
  return COLUMNS.get(operation) ?? NONE
}

/** Purposes of uploaded files that MiniMax keeps for 7 days (api-reference/file-management-upload). */
const WEEKLY_PURPOSES: ReadonlySet<string> = new Set(['video_understanding', 'video_generation_input'])

/** @returns milliseconds that an uploaded file of the purpose stays; null: until it is deleted */
export function fileKeepMs(purpose: string): number | null {
  return WEEKLY_PURPOSES.has(purpose) ? 7 * DAY_MS : null
}
