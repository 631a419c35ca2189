import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { makeAuthority, makeCertificate } from '../../emulator/tls.ts'
import {
  AddressRefusedError,
  createPost,
  type HostAddress,
  type PostOptions,
} from '../../src/tenancy/callback-post.ts'

const HOST = 'hooks.example.com'
const issuer = makeAuthority()
const certificate = makeCertificate({ commonName: HOST, altNames: [HOST], issuer })
const local: HostAddress = { address: '127.0.0.1', family: 4 }
const metadata: HostAddress = { address: '169.254.169.254', family: 4 }
const world: HostAddress = { address: '8.8.8.8', family: 4 }
const isLocal = (address: string) => address === '127.0.0.1'
const never = new AbortController().signal

const servers: { close(): unknown }[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))

/** A receiver and what reached it: connections, and the requests that were made. */
async function receiver(answer: RequestListener, keys: { key: string; cert: string } = certificate) {
  const seen = { connections: 0, requests: 0 }
  const server = createTlsServer(keys, (req, res) => {
    seen.requests += 1
    answer(req, res)
  })
  server.on('connection', () => (seen.connections += 1))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `https://${HOST}:${port}/hook?user=1`, port, seen }
}

const ok: RequestListener = (req, res) => req.resume().on('end', () => res.writeHead(204).end())

function post(url: string, options: PostOptions = {}, signal = never) {
  const send = createPost({
    ca: issuer.cert,
    isAllowedAddress: isLocal,
    resolve: async () => [local],
    ...options,
  })
  return send(
    { url, headers: { 'content-type': 'application/json', 'x-a': 'b' }, body: Buffer.from('{"é":1}') },
    signal,
  )
}

describe('a post', () => {
  it('carries the very bytes, the headers and the path, and tells the status', async () => {
    const chunks: Buffer[] = []
    let head: unknown
    const { url, port } = await receiver((req, res) => {
      head = { method: req.method, url: req.url, headers: req.headers }
      req.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => res.writeHead(202).end('x'))
    })
    expect(await post(url)).toEqual({ status: 202 })
    expect(Buffer.concat(chunks)).toEqual(Buffer.from('{"é":1}'))
    expect(head).toEqual({
      method: 'POST',
      url: '/hook?user=1',
      headers: {
        host: `${HOST}:${port}`,
        'content-type': 'application/json',
        'content-length': '8',
        'x-a': 'b',
        connection: 'close',
      },
    })
  })

  it('follows no redirect', async () => {
    const target = await receiver(ok)
    const { url } = await receiver((_, res) => res.writeHead(307, { location: target.url }).end())
    expect(await post(url)).toEqual({ status: 307 })
    expect(target.seen.connections).toBe(0)
  })

  it('does not read an answer without end', async () => {
    const { url } = await receiver((_, res) => {
      res.writeHead(200)
      res.write('x'.repeat(1024))
    })
    expect(await post(url)).toEqual({ status: 200 })
  })

  it('fails when there is no answer in time, at every stage', async () => {
    const silent = await receiver(() => undefined)
    await expect(post(silent.url, { timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms')
    const mute = createTcpServer((socket) => socket.on('error', () => undefined))
    servers.push(mute)
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as AddressInfo
    await expect(post(`https://${HOST}:${port}/`, { timeoutMs: 50 })).rejects.toThrow('within 50 ms')
    const stuck = { resolve: () => new Promise<never>(() => undefined), timeoutMs: 50 }
    await expect(post(silent.url, stuck)).rejects.toThrow('within 50 ms')
  })

  it('ends when nobody waits for it any more', async () => {
    const abort = new AbortController()
    const { url } = await receiver(() => abort.abort())
    await expect(post(url, {}, abort.signal)).rejects.toThrow(/abort/i)
  })

  it('fails when the connection ends before the answer, or the head of it is too long', async () => {
    const gone = await receiver((req) => req.socket.destroy())
    await expect(post(gone.url)).rejects.toThrow()
    const long = await receiver((_, res) => res.writeHead(200, { 'x-long': 'x'.repeat(10_000) }).end())
    await expect(post(long.url)).rejects.toThrow(/Header/i)
  })

  it('can be made many times at once', async () => {
    const { url, seen } = await receiver(ok)
    const send = createPost({ ca: issuer.cert, isAllowedAddress: isLocal, resolve: async () => [local] })
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    const all = Array.from({ length: 20 }, () => send({ url, headers: {}, body: Buffer.from('{}') }, never))
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([204]))
    process.off('warning', listen)
    expect([seen.connections, warnings]).toEqual([20, []])
  })
})

describe('an address that is not allowed', () => {
  it.each<[string, readonly HostAddress[]]>([
    ['alone', [metadata]],
    ['first of two', [metadata, local]],
    ['last of two', [local, metadata]],
    ['of IPv6', [{ address: '::1', family: 6 }]],
    ['mapped into IPv6', [{ address: '::ffff:169.254.169.254', family: 6 }]],
  ])('is not connected to: %s', async (_, addresses) => {
    const { url, seen } = await receiver(ok)
    await expect(post(url, { resolve: async () => addresses })).rejects.toBeInstanceOf(AddressRefusedError)
    expect(seen.connections).toBe(0)
  })

  it('is refused by default when it is that of this machine, whatever answers there', async () => {
    const { url, seen } = await receiver(ok)
    const send = createPost({ ca: issuer.cert, resolve: async () => [local] })
    await expect(send({ url, headers: {}, body: Buffer.from('{}') }, never)).rejects.toBeInstanceOf(
      AddressRefusedError,
    )
    expect(seen.connections).toBe(0)
  })

  it('is refused when a name turns to it between two posts, or within one', async () => {
    const { url, seen } = await receiver(ok)
    const answers = [[local], [metadata], [local]]
    let lookups = 0
    const resolve = async () => answers[lookups++] ?? [world]
    const send = createPost({ ca: issuer.cert, isAllowedAddress: isLocal, resolve })
    const one = () => send({ url, headers: {}, body: Buffer.from('{}') }, never)
    expect(await one()).toEqual({ status: 204 })
    await expect(one()).rejects.toBeInstanceOf(AddressRefusedError)
    // One look-up a post, none kept: what was judged is what was connected to.
    expect([lookups, seen.connections]).toEqual([2, 1])
  })

  it.each(['https://169.254.169.254/', 'https://[::1]/', 'https://0x7f.1/', 'https://[::ffff:a9fe:a9fe]/'])(
    'is refused in the place of a name, where nothing is looked up: %s',
    async (url) => {
      let lookups = 0
      const resolve = async () => {
        lookups += 1
        return [local]
      }
      await expect(post(url, { resolve, isAllowedAddress: () => false })).rejects.toBeInstanceOf(
        AddressRefusedError,
      )
      expect(lookups).toBe(0)
    },
  )

  it('is not the only reason to connect to nothing: a name may have none', async () => {
    await expect(post(`https://${HOST}/`, { resolve: async () => [] })).rejects.toThrow('no address')
    const failing = { resolve: async () => Promise.reject(new Error('ENOTFOUND')) }
    await expect(post(`https://${HOST}/`, failing)).rejects.toThrow('ENOTFOUND')
  })
})

describe('the receiver must prove who it is', () => {
  const other = makeAuthority('Somebody Else')
  it.each([
    ['for another name', makeCertificate({ commonName: HOST, altNames: ['other.example.com'], issuer })],
    [
      'by an authority that nobody knows',
      makeCertificate({ commonName: HOST, altNames: [HOST], issuer: other }),
    ],
    ['by itself', makeCertificate({ commonName: HOST, altNames: [HOST] })],
    [
      'that has expired',
      makeCertificate({
        commonName: HOST,
        altNames: [HOST],
        issuer,
        notAfter: new Date(Date.now() - 3_600_000),
      }),
    ],
  ])('a certificate %s is refused, and the body is not sent', async (_, keys) => {
    const { url, seen } = await receiver(ok, keys)
    const error: unknown = await post(url).catch((thrown: unknown) => thrown)
    expect(error instanceof Error && 'code' in error ? error.code : error).toMatch(
      /CERT|SIGNATURE|ISSUER|ERR_TLS/,
    )
    expect(seen.requests).toBe(0)
  })

  it('plain http is never spoken', async () => {
    const server = createServer(ok)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await expect(post(`http://${HOST}:${port}/`)).rejects.toThrow('only https')
    await expect(post(`https://${HOST}:${port}/`)).rejects.toThrow()
  })
})
