import type { AccessRequestsOptions } from '../../../src/auth/access/parts.ts'
import { createAccessRequests } from '../../../src/auth/access/requests.ts'
import type { Timer } from '../../../src/lib/timer.ts'
import type { Mail } from '../../../src/mail.ts'
import type { House } from '../helper.ts'

export const PUBLIC_URL = 'https://gateway.example.com/mm'

/** A timer that stands still until it is told to go on. */
function heldTimer() {
  const waiting = new Set<() => void>()
  const timer: Timer = (callback) => {
    waiting.add(callback)
    return () => waiting.delete(callback)
  }
  const tick = (): void => {
    for (const callback of [...waiting]) {
      waiting.delete(callback)
      callback()
    }
  }
  return { timer, tick }
}

/** The secret of a mail, as its link has it. */
export function secretIn(mail: Mail | undefined): string {
  return /#([0-9A-Za-z]{43})$/m.exec(mail?.text ?? '')?.[1] ?? ''
}

/** Requests for access over a house, with a mail server that keeps what it gets, or fails when it is told to. */
export function accessOf(
  { store, users, tokens, hash, clock }: House,
  options: Partial<AccessRequestsOptions> & { readonly hasMail?: boolean } = {},
) {
  const { hasMail = true, ...more } = options
  const mails: Mail[] = []
  const server: { refusal: Error | null } = { refusal: null }
  const moved: string[] = []
  const failures: string[] = []
  const { timer, tick } = heldTimer()
  const access = createAccessRequests({
    store: store.accessRequests,
    users,
    userOf: (id) => store.users.get(id),
    tokens,
    hash,
    clock,
    timer,
    publicUrl: PUBLIC_URL,
    mail: hasMail
      ? {
          async deliver(mail) {
            if (server.refusal !== null) throw server.refusal
            mails.push(mail)
          },
        }
      : null,
    mailTo: undefined,
    perHour: 60,
    plan: null,
    isPlan: async (plan) => (await store.plans.get(plan)) !== undefined,
    joined: async () => undefined,
    events: {
      moved: (state, count) => moved.push(`${state} ${count}`),
      failed: (error, what) => failures.push(`${what}: ${String(error)}`),
    },
    ...more,
  })

  /** Waits until what was begun is in the store and mailed. */
  async function settled(): Promise<void> {
    tick()
    // A turn of the event loop for each step of the work; none of it waits for anything else.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  }

  /** Asks for access. @returns the id of the newest request */
  async function ask(email: string, note: string | null = null): Promise<string> {
    access.submit({ email, note })
    await settled()
    return (await access.list({ limit: 1 })).items[0]?.id ?? ''
  }

  return { access, mails, server, moved, failures, tick, settled, ask }
}
