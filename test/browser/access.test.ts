import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, post } from '../helpers/calls.ts'
import { isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'
import { noBrowser, startChromium } from './chromium.ts'

const REQUESTS = '/admin/v1/access-requests'
const PUBLIC = 'http://127.0.0.1:1'

/** The pages to which links of mails lead, in a real browser, with the policy for content that they are sent with. */
describe.skipIf(noBrowser !== undefined)('the page behind a one-time link', () => {
  let gateway: TestGateway
  let browser: Browser
  let page: Page
  const failures: string[] = []

  beforeAll(async () => {
    gateway = await startGateway({ env: { ACCESS_REQUESTS: 'on', PUBLIC_URL: PUBLIC } })
    browser = await startChromium()
    page = await browser.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') failures.push(message.text())
    })
    page.on('pageerror', (error) => failures.push(error.message))
  })

  afterAll(async () => {
    await browser.close()
    await gateway.close()
  })

  /** Somebody asks, and the operator approves without a mail. @returns the link, as this gateway is reached */
  async function approvedLink(email: string): Promise<string> {
    await fetch(`${gateway.url}/gateway/v1/access-requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email }),
    })
    let id = ''
    const look = async (): Promise<void> => {
      const { items } = await gateway.admin('GET', REQUESTS)
      const all: unknown[] = Array.isArray(items) ? items : []
      const found = all.filter(isRecord).find((one) => one.email === email)
      if (found === undefined) setTimeout(() => void look(), 20)
      else id = String(found.id)
    }
    void look()
    await until(() => id !== '', 'the request')
    const { link } = await gateway.admin('POST', `${REQUESTS}/${id}/approve`, { mail: false })
    return String(link).replace(PUBLIC, gateway.url)
  }

  it('shows a token that works, when its button is pressed and not before', async () => {
    const link = await approvedLink('grace@example.com')
    await page.goto(link)
    // The code has left the address bar, and the field for it is not asked for.
    expect(page.url()).not.toContain('#')
    expect(await page.locator('label').isHidden()).toBe(true)
    await page.getByRole('button').click()
    const token = await page.locator('input').first().inputValue()
    expect(token).toMatch(/^mmg_/)
    expect((await post(gateway.url, token, CHAT_PATH, chat())).status).toBe(200)
    // From elsewhere: to go to a `#` of the page that is shown loads nothing.
    await page.goto('about:blank')
    await page.goto(link)
    await page.getByRole('button').click()
    expect(await page.locator('h1').textContent()).toBe('This link was used already')
    expect(await page.content()).not.toContain('mmg_')
    // A page of an error is one that the browser tells of in its console.
    expect(failures.filter((text) => !text.includes('409'))).toEqual([])
  })
})
