import type { Evidence, Response, Signal } from '../signals.ts'
import type { Incident, IncidentEvidence } from '../store/store.ts'
import { isSignal, type NoticeKind } from './response.ts'

/** A notice as people read it: plain text, to be escaped by whoever sends it somewhere. */
export interface Notice {
  /** One line. */
  readonly subject: string
  /** Lines of text. */
  readonly body: string
}

/** What each signal says, in one sentence. */
const SENTENCES: Readonly<Record<Signal, string>> = {
  volume_envelope: 'It is used far more than ever before.',
  cost_velocity: 'It spends money far faster than ever before.',
  cold_start: 'It is new, and used far more than other tokens of its plan.',
  distinct_sources: 'It is used from far more networks or kinds of clients than ever before.',
  novel_source: 'It is used from a network, a country or a kind of client that is new to it.',
  concurrent_countries: 'It is used from two countries at the same time.',
  shared_source: 'It is used from a network that uses the tokens of many users.',
  error_mix: 'Far more of its requests fail than ever before.',
  denials: 'It tries many operations and models that it may not use.',
  probe_sequence: 'A new place tried whether it works, and then made expensive requests.',
  modality_shift: 'It makes a kind of expensive request that it never made before.',
  off_hours: 'It spends money at hours at which it never did.',
  repetition: 'It makes the same request again and again.',
  foreign_objects: 'It names files, voices or tasks that are not its own.',
  content_refusals: 'MiniMax refuses many of its requests for their content.',
  revoked_in_use: 'It was revoked, and somebody still tries it: a copy of it goes around.',
  leak_report: 'It was found in public.',
}

/** What each step has done. */
const DONE: Readonly<Record<Response, string>> = {
  watch: 'Nothing was done about it.',
  notify: 'Nothing was done about it: please look at it.',
  throttle: 'The token was slowed down to what is usual for it.',
  suspend: 'The token was suspended: its requests are refused.',
}

/** The same where it was one end user: all the others who use the token go on. */
const DONE_TO_END_USER: Readonly<Record<Response, string>> = {
  watch: DONE.watch,
  notify: DONE.notify,
  throttle: 'This end user was slowed down to what is usual for them; the others who use the token go on.',
  suspend: 'This end user was suspended: their requests are refused. The others who use the token go on.',
}

const SUBJECTS: Readonly<Record<Response, string>> = {
  watch: 'looks unusual',
  notify: 'may be abused',
  throttle: 'may be abused, and was slowed down',
  suspend: 'looks leaked or abused, and was suspended',
}

/** What a signal says in words. @param signal as an incident holds it; of another version it is shown as it is */
export function sentenceOf(signal: string): string {
  return isSignal(signal) ? SENTENCES[signal] : signal
}

function isResponse(step: string): step is Response {
  return Object.hasOwn(DONE, step)
}

function factsOf(facts: Evidence): string {
  const shown = Object.entries(facts).map(([name, value]) => `${name.replaceAll('_', ' ')}: ${value}`)
  return shown.length === 0 ? '' : ` (${shown.join(', ')})`
}

function lineOf({ signal, facts }: IncidentEvidence): string {
  return `- ${sentenceOf(signal)}${factsOf(facts)}`
}

/** Control characters, which would begin a new line of a mail's head or of a log, become spaces. */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what it looks for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
}

/**
 * The text of a notice: what happened, what speaks for it, what was done and what to do.
 * @param kind `suspended`: its readers know of the incident already
 */
export function noticeOf(incident: Incident, kind: NoticeKind): Notice {
  const { id, tokenId, userId, endUser, response, evidence, strikes, openedAt } = incident
  const who = endUser === '' ? `token ${tokenId} of` : `end user ${endUser} of`
  const step = isResponse(response) ? response : 'watch'
  const again = kind === 'suspended' ? ' (you were told of it before)' : ''
  const before = strikes === 0 ? [] : [`It was suspended before: ${strikes} times.`]
  const lines = [
    endUser === ''
      ? `Token ${tokenId} of user ${userId} ${SUBJECTS[step]}.`
      : `End user ${endUser} of user ${userId}, by token ${tokenId}, ${SUBJECTS[step]}.`,
    '',
    `What happened since ${new Date(openedAt).toISOString()}${again}:`,
    ...evidence.map(lineOf),
    ...before,
    '',
    endUser === '' ? DONE[step] : DONE_TO_END_USER[step],
    '',
    'What to do:',
    `- It is no abuse: minimax-gateway incidents dismiss ${id}`,
    `  (${endUser === '' ? 'the token goes' : 'they go'} on as before, and this is not told again for 7 days)`,
    ...(endUser === ''
      ? [`- It may be: minimax-gateway token rotate ${tokenId}`, '  (gives a new token; the old one ends)']
      : [`- It may be: minimax-gateway end-user suspend ${userId} '${endUser.replaceAll("'", `'\\''`)}'`]),
    `- More about it: minimax-gateway incidents show ${id}`,
  ]
  return {
    subject: plain(`minimax-gateway: ${who} ${userId} ${SUBJECTS[step]}`),
    body: lines.map(plain).join('\n'),
  }
}
