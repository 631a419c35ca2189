import { formatTime } from '../lib/times.ts'
import type { Token } from '../store/store.ts'

/** A notice as people read it: plain text, to be escaped by whoever sends it somewhere. */
export interface ExpiryNotice {
  /** One line. */
  readonly subject: string
  readonly body: string
}

/** Lines of one notice; the rest is counted. */
const MOST_LINES = 50

function endOf({ expiresAt }: Token): string {
  return expiresAt === null ? 'never' : formatTime(expiresAt)
}

/** The name that somebody gave it; it has no control characters (see the admin API). */
function nameOf({ name }: Token): string {
  return name === null ? '' : ` (${name})`
}

function numbered(tokens: readonly Token[]): string {
  return tokens.length === 1 ? 'token ends' : 'tokens end'
}

function linesOf(tokens: readonly Token[], line: (token: Token) => string): readonly string[] {
  const lines = tokens.slice(0, MOST_LINES).map(line)
  const more = tokens.length - lines.length
  return more === 0 ? lines : [...lines, `- and ${more} more`]
}

/** What the operator is told: every token that is about to end, and what to do. */
export function operatorExpiryNotice(tokens: readonly Token[]): ExpiryNotice {
  const lines = [
    `${tokens.length} ${numbered(tokens)} soon:`,
    ...linesOf(tokens, (token) => `- ${token.id}${nameOf(token)} of user ${token.userId}: ${endOf(token)}`),
    '',
    'What to do, for each that is still needed:',
    '- minimax-gateway token rotate <id> --grace 7d',
    '  (gives a new token; the old one ends after the grace, or at its own end if that is sooner)',
  ]
  return { subject: `minimax-gateway: ${tokens.length} ${numbered(tokens)} soon`, body: lines.join('\n') }
}

/** What a user is told of their own tokens: they cannot use the operator's commands. */
export function userExpiryNotice(tokens: readonly Token[]): ExpiryNotice {
  const [first] = tokens
  const subject =
    tokens.length === 1 && first !== undefined
      ? `Your token ${first.id} ends soon`
      : `${tokens.length} of your tokens end soon`
  const lines = [
    `${subject}:`,
    ...linesOf(tokens, (token) => `- ${token.id}${nameOf(token)}: ${endOf(token)}`),
    '',
    'After that, requests with it are refused. Ask whoever gave it to you for a new one in time.',
  ]
  return { subject, body: lines.join('\n') }
}
