import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startBackend, type Backend } from '../../examples/browser/server.ts'
import { requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { noBrowser, startChromium } from './chromium.ts'

/** The page of `examples/browser`, on an origin of its own, in a real browser. */
describe.skipIf(noBrowser !== undefined)('the page of the example', () => {
  let gateway: TestGateway
  let backend: Backend
  let browser: Browser
  let page: Page
  const failures: string[] = []

  beforeAll(async () => {
    const access = { gatewayUrl: '', token: '', port: 0 }
    backend = await startBackend(access)
    gateway = await startGateway({ env: { CORS_ORIGINS: backend.url } })
    access.gatewayUrl = gateway.url
    access.token = (await gateway.token()).token
    browser = await startChromium()
    page = await browser.newPage()
    page.on('pageerror', (error) => failures.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') failures.push(message.text())
    })
    await page.goto(backend.url)
  })

  afterEach(() => {
    expect(failures).toEqual([])
    expect(requestLines(gateway).map(({ outcome }) => outcome)).not.toContain('caller_gone')
    gateway.emulator.reset()
  })

  afterAll(async () => {
    await browser.close()
    await backend.close()
    await gateway.close()
  })

  /** Sends a form, and waits until its action is done. */
  async function send(id: string): Promise<Locator> {
    const form = page.locator(`#${id}`)
    await form.locator('button').click()
    await form.locator('output[data-state=done], output[data-state=failed]').waitFor({ state: 'attached' })
    expect(await form.locator('output').getAttribute('data-state'), await form.innerText()).toBe('done')
    return form
  }

  it('shows the words of a chat one by one, as they are made', async () => {
    gateway.emulator.scenario({ match: { operation: 'chat.openai', times: 1 }, use: { chunkDelayMs: 30 } })
    const output = page.locator('#chat output')
    const lengths: Promise<number> = page.evaluate(`new Promise((resolve) => {
      const output = document.querySelector('#chat output')
      const seen = new Set()
      new MutationObserver(() => {
        seen.add(output.textContent.length)
        if (output.dataset.state === 'done') resolve(seen.size)
      }).observe(output, { attributes: true, childList: true, characterData: true, subtree: true })
    })`)
    await send('chat')
    expect(await output.textContent()).toContain('You said: Tell me about lakes')
    expect(await lengths).toBeGreaterThan(4)
  })

  it.each(['speech', 'live'])('plays the clip of #%s', async (id) => {
    await send(id)
    const audio = `document.querySelector('#${id} audio')`
    await page.waitForFunction(`${audio}.currentTime > 0.2`)
    expect(await page.evaluate(`${audio}.error === null && ${audio}.duration > 0.5`)).toBe(true)
  })

  it('shows an image', async () => {
    await send('image')
    const width = `document.querySelector('#image img').naturalWidth`
    await page.waitForFunction(`${width} > 0`)
    expect(await page.evaluate(width)).toBe(64)
  })

  it('uploads a file', async () => {
    const file = { name: 'words.txt', mimeType: 'text/plain', buffer: Buffer.from('Good morning') }
    await page.locator('#upload input').setInputFiles(file)
    const form = await send('upload')
    expect(await form.locator('output').textContent()).toMatch(/^File \d+$/)
  })

  it('holds no token that lasts', async () => {
    expect(await page.content()).not.toContain('mmg_')
    expect(
      await page.evaluate('document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })'),
    ).toBe('{}')
  })
})
