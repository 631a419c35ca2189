import type { Incident } from '../store/store.ts'
import type { Notice } from './notices-text.ts'
import { sentenceOf } from './notices-text.ts'

/** What was done, as the user of the token is told. */
function doneOf(response: string, endUser: string): string {
  if (endUser !== '' && response === 'suspend')
    return 'They were suspended; all others who use the token go on.'
  if (endUser !== '' && response === 'throttle')
    return 'They were slowed down; all others who use the token go on.'
  if (response === 'suspend') return 'The token was suspended: requests with it are refused.'
  if (response === 'throttle') return 'The token was slowed down to what is usual for it.'
  return 'Nothing was done about it yet.'
}

/**
 * The text of a notice for the user whose token it is: what was seen, without the facts behind it, and what they can do.
 * They cannot use the operator's commands, and whoever reads their mail need not learn what gave an abuse away.
 */
export function userNoticeOf(incident: Incident): Notice {
  const { id, tokenId, endUser, response, evidence, openedAt } = incident
  const subject =
    endUser !== ''
      ? `Your end user ${endUser} ${response === 'suspend' ? 'was suspended' : 'may abuse your app'}`
      : response === 'suspend'
        ? `Your token ${tokenId} was suspended`
        : `Your token ${tokenId} may be abused`
  const lines = [
    `${subject}. What was seen since ${new Date(openedAt).toISOString()}:`,
    ...evidence.map(({ signal }) => `- ${sentenceOf(signal)}`),
    '',
    doneOf(response, endUser),
    '',
    'If this is your own doing, tell whoever gave you the token, so that they can let it go on.',
    'If not, somebody else may have it: take it out of web pages, apps and repositories, and ask for a new one.',
    `They know this as ${id}.`,
  ]
  return { subject, body: lines.join('\n') }
}
