import { accessSync, constants } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

/** Where Debian and others install it. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
]

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const program = PLACES.find(isProgram)

/** Why tests in a browser cannot run on this machine; undefined when they can. */
export const noBrowser = program === undefined ? 'no Chromium (Debian: chromium)' : undefined

if (noBrowser !== undefined) process.stderr.write(`\n*** SKIPPED: tests in a browser: ${noBrowser} ***\n\n`)

/** Starts the Chromium of this machine without a window. */
export function startChromium(): Promise<Browser> {
  if (program === undefined) throw new Error(noBrowser)
  return chromium.launch({
    executablePath: program,
    // Root has no sandbox, and a container has little shared memory.
    args: ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--mute-audio'],
  })
}
