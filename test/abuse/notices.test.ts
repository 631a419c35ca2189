import { describe, expect, it } from 'vitest'
import type { Mail } from '../../src/mail.ts'
import { createNotices, type NoticesOptions } from '../../src/abuse/notices.ts'
import { anIncident } from './notice-kit.ts'

function someNotices(more: Partial<NoticesOptions> = {}) {
  const posted: string[] = []
  const mails: Mail[] = []
  const errors: unknown[] = []
  const idle = async (): Promise<void> => undefined
  const notices = createNotices({
    webhook: {
      tell: ({ id }, kind) => posted.push(`${id} ${kind}`),
      announce: ({ id }) => posted.push(id),
      idle,
      close: idle,
    },
    mail: { send: (mail) => mails.push(mail), idle, close: idle },
    mailTo: 'ops@example.com',
    emailOf: async () => 'ada@example.com',
    failed: (error) => errors.push(error),
    ...more,
  })
  return { notices, posted, mails, errors }
}

describe('a notice', () => {
  it('goes to the operator by webhook and mail, and to the user by mail', async () => {
    const { notices, posted, mails } = someNotices()
    notices.tell(anIncident(), 'opened')
    await notices.close()
    expect(posted).toEqual(['inc_000000000001 opened'])
    expect(mails.map(({ to, id }) => [to, id])).toEqual([
      ['ops@example.com', 'inc_000000000001-opened'],
      ['ada@example.com', 'inc_000000000001-opened-user'],
    ])
  })

  it('tells the user neither commands of the operator nor what gave it away', async () => {
    const { notices, mails } = someNotices({ mailTo: undefined })
    notices.tell(anIncident(), 'suspended')
    await notices.close()
    expect(mails[0]?.subject).toBe('Your token abcdefabcdef was suspended')
    expect(mails[0]?.text).toContain('- It was found in public.')
    expect(mails[0]?.text).not.toMatch(/minimax-gateway|github|example/)
  })

  it.each([
    ['who has no address', async () => null],
    ['who is gone', async () => undefined],
    ['whose address is none', async () => 'a,b@example.com'],
    ['who is the operator', async () => 'ops@example.com'],
  ])('is not mailed to a user %s', async (_, emailOf) => {
    const { notices, mails, errors } = someNotices({ emailOf })
    notices.tell(anIncident(), 'opened')
    await notices.close()
    expect([mails.map(({ to }) => to), errors]).toEqual([['ops@example.com'], []])
  })

  it('goes to the operator though the user cannot be looked up', async () => {
    const emailOf = async () => Promise.reject(new Error('no store'))
    const { notices, mails, errors } = someNotices({ emailOf })
    notices.tell(anIncident(), 'opened')
    await notices.close()
    expect([mails.length, errors]).toEqual([1, [new Error('no store')]])
  })

  it('goes nowhere when nothing is set', async () => {
    const { notices } = someNotices({ webhook: null, mail: null, mailTo: undefined, emailOf: null })
    notices.tell(anIncident(), 'opened')
    await expect(notices.close()).resolves.toBeUndefined()
  })
})
