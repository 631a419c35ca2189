import { createServer, type Server } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chat } from '../helpers/calls.ts'
import { requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'
import { noBrowser, startChromium } from './chromium.ts'

/** A page of an origin that nobody let in, with a token that somebody copied. */
describe.skipIf(noBrowser !== undefined)('a page of a foreign origin', () => {
  let gateway: TestGateway
  let token: string
  let server: Server
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    gateway = await startGateway({ env: { CORS_ORIGINS: 'https://app.example.com' } })
    token = (await gateway.token()).token
    server = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>foreign</title>'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('it does not listen')
    browser = await startChromium()
    page = await browser.newPage()
    await page.goto(`http://localhost:${address.port}`)
  })

  afterEach(() => {
    expect(gateway.emulator.requests).toEqual([])
  })

  afterAll(async () => {
    await browser.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await gateway.close()
  })

  /** What `fetch` comes to in the page: a status, or the name of what it threw. */
  function fetched(path: string, init: Record<string, unknown>): Promise<unknown> {
    const call = `fetch(${JSON.stringify(gateway.url + path)}, ${JSON.stringify(init)})`
    return page.evaluate(`${call}.then((answer) => answer.type + answer.status, (error) => error.name)`)
  }

  const headers = (): Record<string, string> => ({
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
  })

  it('cannot send JSON: its preflight is refused', async () => {
    const init = { method: 'POST', headers: headers(), body: JSON.stringify(chat()) }
    expect(await fetched('/v1/chat/completions', init)).toBe('TypeError')
    expect(requestLines(gateway).every(({ outcome }) => outcome === 'caller_forbidden')).toBe(true)
  })

  it('cannot read what is its own', async () => {
    expect(await fetched('/gateway/v1/me', { headers: headers() })).toBe('TypeError')
  })

  it('gets nothing by a request before which there is no preflight', async () => {
    const before = requestLines(gateway).length
    const init = { method: 'POST', mode: 'no-cors', body: JSON.stringify(chat()) }
    // A page learns nothing of it, not even its status.
    expect(await fetched('/v1/chat/completions', init)).toBe('opaque0')
    await until(() => requestLines(gateway).length > before, 'the end of the call')
    expect(requestLines(gateway).at(-1)?.outcome).toMatch(/^caller_/)
  })

  it('cannot open a WebSocket', async () => {
    const url = `${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`
    const code: unknown = await page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket(${JSON.stringify(url)}, [${JSON.stringify(`mmg.token.${token}`)}])
      socket.onopen = () => resolve('open')
      socket.onclose = ({ code }) => resolve(code)
    })`)
    expect(code).toBe(1006)
  })
})
