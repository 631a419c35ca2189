import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach } from 'vitest'
import type { KeyAndCert } from '../../emulator/tls.ts'

const servers: { close(): unknown }[] = []
const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  servers.splice(0).forEach((server) => server.close())
})

/** How the server behaves; a friendly one unless said. */
export interface MailServerOptions {
  /** What it says that it can do. */
  readonly extensions?: readonly string[]
  /** With one it speaks TLS from the start. */
  readonly certificate?: KeyAndCert
  /** What it answers to a command in the place of the usual. */
  readonly answers?: Readonly<Record<string, string>>
  /** Says nothing at all. */
  readonly mute?: boolean
}

/** A mail server that ends with its test, with the commands and the mails that it got. */
export async function aMailServer(options: MailServerOptions = {}) {
  const { extensions = [], certificate, answers = {}, mute = false } = options
  const commands: string[] = []
  const mails: string[] = []
  const serve = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (mute) return
    let mail: string[] | null = null
    let rest = ''
    const say = (line: string) => socket.write(`${line}\r\n`)
    say('220 tests')
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) mail = mail === null ? command(line) : data(mail, line)
    })
    const command = (line: string): string[] | null => {
      commands.push(line)
      const word = line.split(' ')[0] ?? ''
      const answer = answers[word]
      if (answer !== undefined) say(answer)
      else if (word === 'EHLO')
        say(['250-tests', ...extensions.map((name) => `250-${name}`), '250 HELP'].join('\r\n'))
      else if (word === 'AUTH') say('235 yes')
      else if (word === 'DATA') say('354 go on')
      else if (word === 'QUIT') socket.end('221 bye\r\n')
      else say('250 ok')
      return word === 'DATA' && answer === undefined ? [] : null
    }
    const data = (lines: string[], line: string): string[] | null => {
      if (line !== '.') return [...lines, line]
      mails.push(lines.join('\n'))
      say('250 taken')
      return null
    }
  }
  const server = certificate === undefined ? createServer(serve) : createTlsServer(certificate, serve)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  return { commands, mails, port: (server.address() as AddressInfo).port }
}
