import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'

/**
 * The backend of an app whose page calls the gateway. It holds the lasting token, hands out session tokens that end by
 * themselves, and serves the page. Nothing else goes through it: the page calls the gateway directly.
 */
export interface Backend {
  /** Where the page is, e.g. `http://localhost:5173`. Its origin must be in the gateway's CORS_ORIGINS. */
  readonly url: string
  close(): Promise<void>
}

export interface BackendOptions {
  /** Of the gateway's public listener. */
  readonly gatewayUrl: string
  /** A server token. It stays here. */
  readonly token: string
  /** 0 takes any free one. */
  readonly port: number
}

/** What a session of this page may do: no more than the page needs. */
const OPERATIONS = ['chat.openai', 'speech.sync', 'speech.websocket', 'image.create', 'files.upload']

const PAGE = join(import.meta.dirname, 'page')
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/** Starts the backend on this machine. */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      response.writeHead(502).end()
    })
  })
  let origin = ''

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', origin)
    if (pathname === '/session') await giveSession(request, response)
    else await giveFile(pathname, response)
  }

  /** Gives the page of a logged-in user a session token. */
  async function giveSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Your own check of who is logged in belongs here. Browsers say themselves whether it is our page that asks.
    if (request.method !== 'POST' || request.headers['sec-fetch-site'] !== 'same-origin') {
      response.writeHead(403).end()
      return
    }
    const { gatewayUrl, token } = options
    const made = await fetch(`${gatewayUrl}/gateway/v1/session-tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      // `sub` names your user to the gateway, so that usage and limits are theirs.
      body: JSON.stringify({
        expires_in: '10m',
        operations: OPERATIONS,
        origins: [origin],
        sub: 'visitor-1',
      }),
    })
    if (!made.ok) throw new Error(`no session token: ${made.status} ${await made.text()}`)
    const session: unknown = await made.json()
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify({ gateway: gatewayUrl, session }))
  }

  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve))
  origin = `http://localhost:${portOf(server.address())}`
  return {
    url: origin,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the backend does not listen')
  return address.port
}

async function giveFile(pathname: string, response: ServerResponse): Promise<void> {
  const name = pathname === '/' ? 'index.html' : pathname.slice(1)
  // One folder, no folders in it: nothing else of this machine can be named.
  const content = /^[a-z-]+\.(html|js|css)$/.test(name)
    ? await readFile(join(PAGE, name)).catch(() => null)
    : null
  if (content === null) response.writeHead(404).end()
  else response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'text/plain' }).end(content)
}

if (import.meta.main) {
  const { GATEWAY_URL = 'http://127.0.0.1:8080', GATEWAY_TOKEN = '', PORT = '5173' } = process.env
  if (GATEWAY_TOKEN === '') {
    process.stderr.write('Set GATEWAY_TOKEN to a token of the gateway.\n')
    process.exitCode = 1
  } else {
    const { url } = await startBackend({ gatewayUrl: GATEWAY_URL, token: GATEWAY_TOKEN, port: Number(PORT) })
    process.stdout.write(`The page is at ${url}\n`)
  }
}
