import type { Incident } from '../store/store.ts'
import { isMailAddress, type Mailer } from '../mail.ts'
import type { News } from './news.ts'
import { noticeOf, type Notice } from './notices-text.ts'
import type { NoticeKind } from './response.ts'
import { userNoticeOf } from './user-notice.ts'
import type { Webhook } from './webhook.ts'

export interface NoticesOptions {
  /** Null: none is set. */
  readonly webhook: Webhook | null
  readonly mail: Mailer | null
  /** Who of the operator gets mails; undefined: nobody. */
  readonly mailTo: string | undefined
  /** The mail address of a user; undefined when they have none. Null: users get no mails. */
  readonly emailOf: ((userId: string) => Promise<string | null | undefined>) | null
  /** Told when an address could not be looked up. Must not throw. */
  readonly failed: (error: unknown) => void
}

/** Tells people of incidents. */
export interface Notices {
  /** Hands a notice to whoever is to have it; never throws, and waits for nothing. */
  tell(incident: Incident, kind: NoticeKind): void
  /** The same of something else than an incident. */
  announce(news: News): void
  /** Tries once more what waits, for a few seconds, and ends. */
  close(): Promise<void>
}

/** Sends each notice to the operator by webhook and mail, and to the user of the token by mail, as far as these are set. */
export function createNotices(options: NoticesOptions): Notices {
  const { webhook, mail, mailTo, emailOf, failed } = options
  const lookups = new Set<Promise<void>>()

  /** Never rejects. */
  async function tellUser(mailer: Mailer, userId: string, notice: Notice, id: string): Promise<void> {
    try {
      const to = await emailOf?.(userId)
      if (typeof to !== 'string' || to === mailTo || !isMailAddress(to)) return
      mailer.send({ to, subject: notice.subject, text: notice.body, id })
    } catch (error) {
      failed(error)
    }
  }

  /** @param id of the notice, whoever gets it */
  function mailAll(id: string, ofOperator: Notice, users: News['users']): void {
    if (mail === null) return
    if (mailTo !== undefined) {
      mail.send({ to: mailTo, subject: ofOperator.subject, text: ofOperator.body, id })
    }
    if (emailOf === null) return
    for (const [index, { userId, notice }] of users.entries()) {
      // Of one notice each user has a mail of their own.
      const mailId = `${id}-user${index === 0 ? '' : `-${index}`}`
      const lookup = tellUser(mail, userId, notice, mailId).finally(() => lookups.delete(lookup))
      lookups.add(lookup)
    }
  }

  return {
    tell(incident, kind) {
      webhook?.tell(incident, kind)
      const { id, userId } = incident
      mailAll(`${id}-${kind}`, noticeOf(incident, kind), [{ userId, notice: userNoticeOf(incident) }])
    },
    announce(news) {
      webhook?.announce(news)
      mailAll(news.id, news.notice, news.users)
    },
    async close() {
      await Promise.all(lookups)
      await Promise.all([webhook?.close(), mail?.close()])
    },
  }
}
