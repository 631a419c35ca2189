import type { Clock } from '../lib/clock.ts'
import type { Timer } from '../lib/timer.ts'
import type { Incident } from '../store/store.ts'
import { incidentJson } from './incident-json.ts'
import { NoticeQueue, type NoticeEvents } from '../lib/notice-queue.ts'
import type { News } from './news.ts'
import { noticeOf, type Notice } from './notices-text.ts'
import type { NoticeKind } from './response.ts'
import { webhookSignature } from './webhook-signature.ts'

const TIMEOUT_MS = 5_000

/** Posts a text and tells the status of the answer. Rejects when there is none; follows no redirect. */
export type PostText = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) => Promise<{ readonly status: number }>

export interface WebhookOptions {
  /** Where notices are posted. It may be a secret, so it stands in no error. */
  readonly url: string
  /** With what they are signed; undefined: they are not. */
  readonly secret: string | undefined
  readonly clock: Pick<Clock, 'now'>
  readonly events: NoticeEvents
  readonly post?: PostText
  readonly timer?: Timer | undefined
}

/** Notices on their way to one receiver. */
export interface Webhook {
  /** Takes a notice to be posted; never throws, and waits for nothing. */
  tell(incident: Incident, kind: NoticeKind): void
  /** The same of something else than an incident. */
  announce(news: News): void
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
  /** Tries once more what waits, for a few seconds, and ends. */
  close(): Promise<void>
}

interface Message {
  readonly id: string
  readonly body: string
}

/** What Slack reads as markup (api.slack.com/reference/surfaces/formatting) becomes what it shows as itself. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** What the answer says beside its status is not read. */
const postText: PostText = async (url, headers, body, signal) => {
  const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
  await answer.body?.cancel()
  return { status: answer.status }
}

/** What every message begins with. */
function headOf(type: string, { subject, body }: Notice, now: number) {
  const text = `*${escaped(subject)}*\n${escaped(body)}`
  return { type, timestamp: new Date(now).toISOString(), text }
}

function newsMessageOf({ id, type, notice, details }: News, now: number): Message {
  return { id, body: JSON.stringify({ ...headOf(type, notice, now), ...details }) }
}

function messageOf(incident: Incident, kind: NoticeKind, now: number): Message {
  const head = headOf(`incident.${kind}`, noticeOf(incident, kind), now)
  const payload = { ...head, incident: incidentJson(incident) }
  // Of each incident there is one notice of a kind, so that a receiver can tell a second delivery from news.
  return { id: `${incident.id}-${kind}`, body: JSON.stringify(payload) }
}

/** Posts notices of incidents as JSON, signed, with a text that Slack and its like show. */
export function createWebhook(options: WebhookOptions): Webhook {
  const { url, secret, clock, events, post = postText, timer } = options

  async function send({ id, body }: Message, signal: AbortSignal): Promise<void> {
    const timestamp = Math.floor(clock.now() / 1000)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'minimax-gateway',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(secret === undefined ? {} : { 'webhook-signature': webhookSignature(secret, id, timestamp, body) }),
    }
    const { status } = await post(
      url,
      headers,
      body,
      AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    )
    if (status < 200 || status > 299) throw new Error(`the receiver of notices answered with HTTP ${status}`)
  }

  const queue = new NoticeQueue<Message>({ send, events, timer })
  return {
    tell: (incident, kind) => queue.add(messageOf(incident, kind, clock.now())),
    announce: (news) => queue.add(newsMessageOf(news, clock.now())),
    idle: () => queue.idle(),
    close: () => queue.close(),
  }
}
