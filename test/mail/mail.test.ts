import { describe, expect, it } from 'vitest'
import { makeAuthority, makeCertificate } from '../../emulator/tls.ts'
import { createMail, isMailAddress, type MailOptions } from '../../src/mail.ts'
import { instantTimer, watchedEvents } from '../abuse/notice-kit.ts'
import { aMailServer as startMailServer, type MailServerOptions } from './mail-server.ts'

const issuer = makeAuthority()
const certificate = makeCertificate({ commonName: 'localhost', altNames: ['localhost'], issuer })

const aMailServer = ({
  tls = false,
  ...rest
}: Omit<MailServerOptions, 'certificate'> & { tls?: boolean } = {}) =>
  startMailServer({ ...rest, ...(tls && { certificate }) })

const MAIL = { to: 'ops@example.com', subject: 'a subject', text: 'first\nsecond', id: 'inc_1-opened' }

function aMailer(url: string, more: Partial<MailOptions> = {}) {
  const { told, events } = watchedEvents()
  const { timer } = instantTimer(5_000)
  return { mailer: createMail({ url, from: 'gateway@example.com', events, timer, ...more }), told }
}

/** The head of a mail, unfolded. */
const headOf = (mail = ''): string[] => (mail.split('\n\n')[0] ?? '').replaceAll(/\n[ \t]+/g, ' ').split('\n')

describe('a mail', () => {
  it('arrives with its text, and says that nobody is to answer', async () => {
    const { port, mails, commands } = await aMailServer()
    const { mailer, told } = aMailer(`smtp://127.0.0.1:${port}`)
    mailer.send(MAIL)
    await mailer.idle()
    expect([told, mails.length]).toEqual([[], 1])
    expect(commands).toEqual(
      expect.arrayContaining(['MAIL FROM:<gateway@example.com>', 'RCPT TO:<ops@example.com>']),
    )
    const head = headOf(mails[0])
    expect(head).toEqual(
      expect.arrayContaining([
        'From: gateway@example.com',
        'To: ops@example.com',
        'Subject: a subject',
        'Auto-Submitted: auto-generated',
        'Message-ID: <inc-1-opened@example.com>',
      ]),
    )
    expect(mails[0]).toContain('\n\nfirst\nsecond')
  })

  it('gives the name and the password of the URL', async () => {
    const { port, commands } = await aMailServer({ extensions: ['AUTH PLAIN'] })
    const { mailer } = aMailer(`smtp://us%40er:p%3Ass@127.0.0.1:${port}`)
    mailer.send(MAIL)
    await mailer.idle()
    expect(commands).toContain(`AUTH PLAIN ${Buffer.from('\0us@er\0p:ss').toString('base64')}`)
  })

  it('goes over TLS from the start by smtps', async () => {
    const { port, mails } = await aMailServer({ tls: true })
    const { mailer, told } = aMailer(`smtps://localhost:${port}`, { ca: issuer.cert })
    mailer.send(MAIL)
    await mailer.idle()
    expect([told, mails.length]).toEqual([[], 1])
  })

  it('is not given to a server whose certificate nobody vouches for', async () => {
    const { port, commands } = await aMailServer({ tls: true })
    const { mailer, told } = aMailer(`smtps://localhost:${port}`, {
      timer: (callback) => {
        setImmediate(callback)
        return () => undefined
      },
    })
    mailer.send(MAIL)
    await mailer.idle()
    expect(told).toHaveLength(3)
    expect(commands).toEqual([])
  })

  it('is not given, nor the password, to another machine without TLS', async () => {
    const { port, commands } = await aMailServer({ extensions: ['AUTH PLAIN'] })
    // No loopback address by its name, though it leads to this machine.
    const { mailer, told } = aMailer(`smtp://user:password@0.0.0.0:${port}`)
    mailer.send(MAIL)
    await mailer.close()
    expect(told.at(-1)).toMatch(/^lost/)
    expect(commands.filter((line) => /^(MAIL|RCPT|DATA|AUTH)/.test(line))).toEqual([])
  })

  it('is tried again when it is refused', async () => {
    const { port, commands } = await aMailServer({ answers: { RCPT: '451 later' } })
    const { mailer, told } = aMailer(`smtp://127.0.0.1:${port}`)
    mailer.send(MAIL)
    await mailer.close()
    expect(told.length).toBeGreaterThan(0)
    expect(commands.some((line) => line.startsWith('DATA'))).toBe(false)
  })

  it('does not keep the process from ending when the server says nothing', async () => {
    const { port } = await aMailServer({ mute: true })
    const { mailer, told } = aMailer(`smtp://127.0.0.1:${port}`, { timer: instantTimer().timer })
    mailer.send(MAIL)
    await mailer.close()
    expect(told).toEqual(['lost: Error: the process ends'])
  })

  it.each([
    ['a\r\nBcc: eve@example.com', 'Bcc'],
    ['a\nX-Evil: 1', 'X-Evil'],
    ['a\u2028X-Evil: 1', 'X-Evil'],
    ['a\u0000X-Evil: 1', 'X-Evil'],
    ['é\r\n\r\nbody', 'body'],
  ])('with the subject %j has one line of it', async (subject, name) => {
    const { port, mails } = await aMailServer()
    const { mailer } = aMailer(`smtp://127.0.0.1:${port}`)
    mailer.send({ ...MAIL, subject })
    await mailer.idle()
    const head = headOf(mails[0])
    expect(head.filter((line) => line.startsWith(name))).toEqual([])
    expect(head.filter((line) => line.startsWith('Subject: '))).toHaveLength(1)
  })

  it.each([
    'ops@example.com\r\nRCPT TO:<eve@example.com>',
    'ops@example.com, eve@example.com',
    'eve@example.com,ops@example.com',
    'a,b@example.com',
    '<ops@example.com>',
    'Ops <ops@example.com>',
    '"a b"@example.com',
    'group:a@example.com;',
    'ops@[127.0.0.1]',
    'ops',
    '@example.com',
    'ops@',
    'ops@a@b',
  ])('is not sent to %j', async (to) => {
    const { port, commands } = await aMailServer()
    const { mailer, told } = aMailer(`smtp://127.0.0.1:${port}`)
    mailer.send({ ...MAIL, to })
    await mailer.close()
    expect([isMailAddress(to), commands]).toEqual([false, []])
    expect(told.at(-1)).toBe('lost: Error: a mail address is none')
  })
})
