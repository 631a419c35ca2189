import { readFile, stat } from 'node:fs/promises'
import { request as plainRequest } from 'node:http'
import { Agent, request, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'

/** The most that is read of a document: sets of keys have a few KiB. */
const MAX_BYTES = 1024 * 1024

/** From the look-up of the name to the last byte. */
const TIMEOUT_MS = 5_000

/** What was wrong with a document that an issuer publishes; the message is for the operator. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
}

/** Reads a document whole. Rejects with a DocumentError, or with what the connection says. */
export type ReadDocument = (url: string) => Promise<Buffer>

export interface DocumentOptions {
  readonly timeoutMs?: number
  readonly maxBytes?: number
}

/**
 * The runtime's client of HTTPS rather than its `fetch`: it follows no redirect, unpacks nothing that was compressed,
 * and no variable of the environment turns off that certificates are verified.
 */
const CONNECTION: RequestOptions = {
  agent: new Agent({ keepAlive: false, maxCachedSessions: 0 }),
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  maxHeaderSize: 16 * 1024,
}

function checkHead({ statusCode, headers }: IncomingMessage): void {
  if (statusCode !== 200) throw new DocumentError(`answered with HTTP ${statusCode ?? 0}, not with 200`)
  const { 'content-encoding': encoding = 'identity' } = headers
  if (encoding !== 'identity') throw new DocumentError('is compressed, which was not asked for')
}

async function bodyOf(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  checkHead(answer)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a body came as text')
    length += chunk.length
    if (length > maxBytes) throw new DocumentError(`has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Reads documents by HTTPS, or by HTTP from this machine alone, as the settings have checked. */
export function createReadDocument({
  timeoutMs = TIMEOUT_MS,
  maxBytes = MAX_BYTES,
}: DocumentOptions = {}): ReadDocument {
  return (text) => {
    const url = new URL(text)
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = { accept: 'application/json', 'user-agent': 'minimax-gateway' }
    return new Promise((resolve, reject) => {
      const options = { method: 'GET', headers, signal }
      const sent =
        url.protocol === 'http:'
          ? plainRequest(url, { ...options, agent: false })
          : request(url, { ...CONNECTION, ...options })
      const fail = (error: unknown) => {
        sent.destroy()
        reject(signal.aborted ? new DocumentError(`took longer than ${timeoutMs} ms`) : toError(error))
      }
      sent.on('response', (answer) => void bodyOf(answer, maxBytes).then(resolve, fail))
      sent.on('error', fail)
      sent.end()
    })
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Reads a document from a file; it is read anew as one from the network is, so that it may change. */
export async function readDocumentFile(path: string): Promise<Buffer> {
  const { size } = await stat(path)
  if (size > MAX_BYTES) throw new DocumentError(`has more than ${MAX_BYTES} bytes`)
  return await readFile(path)
}
