import { createTransport } from 'nodemailer'
import { isLoopbackHost } from './config/checks.ts'
import type { Timer } from './lib/timer.ts'
import { NoticeQueue, type NoticeEvents } from './lib/notice-queue.ts'

/** Of each step: name, connection, greeting, and any silence after it. */
const TIMEOUT_MS = 10_000

/**
 * One address and nothing else: no list, no name, nothing that ends a line of a mail's head or of SMTP. Narrower than
 * RFC 5321, whose quoted forms nobody uses.
 */
const ADDRESS = /^[^\s\p{Cc}"(),:;<>@[\\\]]{1,64}@[^\s\p{Cc}"(),:;<>@[\\\]]{1,253}$/u

/** A mail of plain text. */
export interface Mail {
  readonly to: string
  /** One line. */
  readonly subject: string
  readonly text: string
  /** The same at every try, so that a mail that arrives twice is seen to be one. Letters, digits and dashes. */
  readonly id: string
}

export interface MailOptions {
  /** `smtps://user:password@host:port`, or `smtp://…` with STARTTLS. */
  readonly url: string
  readonly from: string
  readonly events: NoticeEvents
  readonly timer?: Timer | undefined
  /** Certificate authorities (PEM) in the place of the usual ones; for tests. */
  readonly ca?: string
}

/** Mails on their way to one server. */
export interface Mailer {
  /** Takes a mail to be sent; never throws, and waits for nothing. */
  send(mail: Mail): void
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
  /** Tries once more what waits, for a few seconds, and ends. */
  close(): Promise<void>
}

/** Hands a mail to its server itself, for those who keep what is to be sent. */
export interface MailDelivery {
  /** One try, beside what waits. Rejects when the server did not take the mail. */
  deliver(mail: Mail): Promise<void>
}

/** Whether a text is one address that a mail can be sent to. */
export function isMailAddress(text: string): boolean {
  return ADDRESS.test(text)
}

/** What is in a URL for its own rules; a password that uses none of them stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that begins no escape.
    return text
  }
}

function transportOf({ url, ca }: MailOptions) {
  const { protocol, hostname, port, username, password } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const isSecure = protocol === 'smtps:'
  const isLocal = isLoopbackHost(host)
  return createTransport({
    host,
    port: port === '' ? (isSecure ? 465 : 587) : Number(port),
    secure: isSecure,
    // A password in plain text must not leave this machine; within it there is nobody to hide it from.
    requireTLS: !isSecure && !isLocal,
    ignoreTLS: isLocal,
    ...(username === '' ? {} : { auth: { user: decoded(username), pass: decoded(password) } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    dnsTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) },
  })
}

/** Characters that would end a line become spaces: the library folds lines by itself. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}

/** Sends mails of plain text by SMTP. @throws TypeError when the URL is none */
export function createMail(options: MailOptions): Mailer & MailDelivery {
  const { from, events, timer } = options
  const transport = transportOf(options)
  const domain = from.slice(from.lastIndexOf('@') + 1)

  async function deliver({ to, subject, text, id }: Mail): Promise<void> {
    if (!isMailAddress(from) || !isMailAddress(to)) throw new Error('a mail address is none')
    await transport.sendMail({
      // Not as texts, in which the library would look for lists and names.
      from: { name: '', address: from },
      to: [{ name: '', address: to }],
      envelope: { from, to: [to] },
      subject: oneLine(subject),
      text,
      messageId: `<${id.replaceAll(/[^0-9A-Za-z-]/g, '-')}@${domain}>`,
      // So that nobody's automatic answer comes back (RFC 3834).
      headers: { 'Auto-Submitted': 'auto-generated' },
      xMailer: false,
    })
  }

  const queue = new NoticeQueue<Mail>({ send: deliver, events, timer })
  return {
    send: (mail) => queue.add(mail),
    deliver,
    idle: () => queue.idle(),
    async close() {
      await queue.close()
      transport.close()
    },
  }
}
