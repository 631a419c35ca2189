import type { Incident } from '../store/store.ts'
import { isMailAddress, type Mailer } from '../mail.ts'
import { noticeOf } from './notices-text.ts'
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
  /** Tries once more what waits, for a few seconds, and ends. */
  close(): Promise<void>
}

/** Sends each notice to the operator by webhook and mail, and to the user of the token by mail, as far as these are set. */
export function createNotices(options: NoticesOptions): Notices {
  const { webhook, mail, mailTo, emailOf, failed } = options
  const lookups = new Set<Promise<void>>()

  /** Never rejects. */
  async function tellUser(mailer: Mailer, incident: Incident, kind: NoticeKind): Promise<void> {
    try {
      const to = await emailOf?.(incident.userId)
      if (typeof to !== 'string' || to === mailTo || !isMailAddress(to)) return
      const { subject, body } = userNoticeOf(incident)
      mailer.send({ to, subject, text: body, id: `${incident.id}-${kind}-user` })
    } catch (error) {
      failed(error)
    }
  }

  return {
    tell(incident, kind) {
      webhook?.tell(incident, kind)
      if (mail === null) return
      if (mailTo !== undefined) {
        const { subject, body } = noticeOf(incident, kind)
        mail.send({ to: mailTo, subject, text: body, id: `${incident.id}-${kind}` })
      }
      if (emailOf === null) return
      const lookup = tellUser(mail, incident, kind).finally(() => lookups.delete(lookup))
      lookups.add(lookup)
    },
    async close() {
      await Promise.all(lookups)
      await Promise.all([webhook?.close(), mail?.close()])
    },
  }
}
