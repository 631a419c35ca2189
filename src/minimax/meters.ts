import { messages } from './meter-anthropic.ts'
import { completions, responses } from './meter-chat.ts'
import { AnswerMeter, SilentMeter, type Meter } from './meter-answer.ts'
import { requestFacts, type CallFacts } from './meter-facts.ts'
import type { Kind } from './meter-kind.ts'
import {
  byRequest,
  clone,
  embeddings,
  free,
  images,
  music,
  speech,
  transcription,
  videoTask,
} from './meter-media.ts'
import { SocketMeter } from './meter-websocket.ts'

export type { Meter } from './meter-answer.ts'
export { requestFacts, type CallFacts } from './meter-facts.ts'
export { estimate, type Delivered, type Reading } from './meter-reading.ts'

/**
 * What a call of an operation is billed by: `answer`: what its answer reports; `request`: what was asked for, once it
 * was granted; `task`: the end of the task that it makes (then `request` or the task itself tells the usage);
 * `state`: nothing, but its answer tells the usage of the task that it asks for; `nothing`.
 */
export type Billing = 'answer' | 'request' | 'task' | 'state' | 'nothing'

export interface MeterRow {
  readonly billing: Billing
  /** How its answers are read; null: not at all (files). `socket`: frame by frame. */
  readonly kind: Kind | 'socket' | null
}

function row(billing: Billing, kind: Kind | 'socket' | null): MeterRow {
  return { billing, kind }
}

const chat = row('answer', completions)
const spoken = row('answer', speech)
const socket = row('answer', 'socket')
const asked = row('nothing', free)

/** The meter of each operation of the catalog. */
export const METERS: Readonly<Record<string, MeterRow>> = {
  'chat.native': chat,
  'chat.openai': chat,
  'chat.responses': row('answer', responses),
  'chat.input_tokens': asked,
  'chat.anthropic': row('answer', messages),
  'chat.count_tokens': asked,
  'chat.legacy': chat,
  'chat.legacy_pro': chat,
  'models.list': asked,
  'models.retrieve': asked,
  'models.anthropic_list': asked,
  'models.anthropic_retrieve': asked,
  'embeddings.create': row('answer', embeddings),
  'search.web': row('request', byRequest('organic', false)),
  'vision.describe': row('request', byRequest('content', false)),

  'speech.sync': spoken,
  'speech.websocket': socket,
  'speech.websocket_bidi': socket,
  'speech.async.create': row('task', speech),
  'speech.async.query': asked,
  'speech.legacy_pro': spoken,

  'voice.clone': row('answer', clone),
  'voice.design': row('request', byRequest('voice_id', false)),
  'voice.list': asked,
  'voice.delete': asked,

  'transcription.create': row('answer', transcription),

  'video.create': row('task', byRequest('task_id', true)),
  'video.query': asked,
  'video.template.create': row('task', byRequest('task_id', true)),
  'video.template.query': asked,
  'video.v2.create': row('task', byRequest('task_id', true)),
  'video.v2.regenerate': row('task', byRequest('task_id', true)),
  'video.v2.context_ir': row('task', byRequest('task_id', true)),
  'video.v2.query': row('state', videoTask),
  'video.v2.list': asked,
  'video.v2.delete': asked,

  'image.create': row('answer', images),
  'music.create': row('answer', music),
  'music.lyrics': row('request', byRequest('lyrics', false)),
  'music.cover_preprocess': row('request', byRequest('cover_feature_id', false)),

  'files.upload': asked,
  'files.list': asked,
  'files.retrieve': asked,
  'files.content': row('nothing', null),
  'files.delete': asked,

  'account.quota': row('nothing', null),
  'account.coding_plan': row('nothing', null),
  'account.open_platform': row('nothing', null),
  'account.balance': row('nothing', null),
}

export interface MeteredRequest {
  /** As the request names it: it stands until the answer names its own. */
  readonly model?: string | undefined
  /** What `requestFacts` read; needed where the answer does not say what the call cost. */
  readonly facts?: CallFacts | undefined
}

/**
 * A meter for one answer, or for one WebSocket.
 * @param operation its name in the catalog
 */
export function meterOf(operation: string, request: MeteredRequest): Meter {
  const kind = METERS[operation]?.kind
  if (kind === undefined) throw new Error(`operation ${operation} has no meter`)
  const facts = request.facts ?? requestFacts(operation, null)
  const model = request.model ?? facts.model ?? null
  if (kind === null) return new SilentMeter(model)
  return kind === 'socket' ? new SocketMeter(model) : new AnswerMeter(kind, facts, model)
}
