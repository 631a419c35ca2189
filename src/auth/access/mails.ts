import type { Mail } from '../../mail.ts'
import type { AccessState } from '../../store/store.ts'

/** What the mails say about the gateway. */
export interface AccessMailFacts {
  /** Under which people reach the public listener, without a slash at its end. */
  readonly publicUrl: string
}

/** Which page a link leads to. */
export type LinkKind = 'verify' | 'claim'

/** Of which kind the link of a request is that waits for its mail. */
export function linkKindOf(state: AccessState): LinkKind {
  return state === 'approved' ? 'claim' : 'verify'
}

/**
 * A link with its secret behind the `#`: browsers send nothing of that to anybody, so that no log, proxy or other page
 * sees it.
 */
export function linkTo({ publicUrl }: AccessMailFacts, kind: LinkKind, secret: string): string {
  return `${publicUrl}/gateway/v1/access-requests/${kind}#${secret}`
}

/** A moment for people: to the minute, and in which time zone. */
const minuteOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

function verifyText(link: string, secret: string, host: string, until: string): readonly string[] {
  return [
    `Somebody, most likely you, asked for access to ${host} with this address.`,
    '',
    `If it was you, open this link before ${until} and press the button:`,
    '',
    link,
    '',
    'If the page asks for a code, it is this one:',
    '',
    secret,
    '',
    'After that the operator looks at your request. If it was not you, do nothing: without the button nothing comes of it.',
  ]
}

function claimText(link: string, secret: string, host: string, until: string): readonly string[] {
  return [
    `Your request for access to ${host} was approved.`,
    '',
    `Open this link before ${until} and press the button. It shows your token, one time only:`,
    '',
    link,
    '',
    'If the page asks for a code, it is this one:',
    '',
    secret,
    '',
    'Whoever has the link can have the token: do not hand it on. If the link was used already and not by you, tell the operator.',
  ]
}

/** A link on its way. */
export interface LinkMail {
  readonly to: string
  readonly kind: LinkKind
  readonly secret: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
  /** The same at every try. */
  readonly id: string
}

/**
 * The mail with a link. It holds our words alone: nothing that somebody typed into a request goes out under the
 * operator's name.
 */
export function linkMail(facts: AccessMailFacts, { to, kind, secret, expiresAt, id }: LinkMail): Mail {
  const { host } = new URL(facts.publicUrl)
  const link = linkTo(facts, kind, secret)
  const isClaim = kind === 'claim'
  const text = isClaim ? claimText : verifyText
  const lines = text(link, secret, host, minuteOf(expiresAt))
  const subject = isClaim ? `Your access to ${host}` : `Confirm your address for ${host}`
  return { to, subject, text: lines.join('\n'), id }
}

/** What tells the operator that people wait. Nothing that those people typed is in it. */
export function digestMail(
  facts: AccessMailFacts,
  { to, count, id }: { readonly to: string; readonly count: number; readonly id: string },
): Mail {
  const { host } = new URL(facts.publicUrl)
  const what = count === 1 ? '1 new request for access' : `${count} new requests for access`
  const lines = [
    `${what} to ${host} with a confirmed address.`,
    '',
    'What to do:',
    '- See them: minimax-gateway access list --state verified',
    '- Let one in: minimax-gateway access approve ID',
    '- Or not: minimax-gateway access reject ID',
  ]
  return { to, subject: `minimax-gateway: ${what}`, text: lines.join('\n'), id }
}
