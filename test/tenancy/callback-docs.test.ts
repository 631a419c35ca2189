import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const page = readFileSync(join(import.meta.dirname, '../../docs/callbacks.md'), 'utf8')

function example(language: string): string {
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? ''
}

const secret = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
const body = '{"task_id":"106916112212032","status":"success"}'
const signature = 'v1=b70a795c6e02b26416c9cbdc0c8e8b97e3043801682170be79c78bbe5ad22051'
const now = 1_790_000_000

/** Headers, body and time, and whether the example must take them. */
const CASES: readonly [
  headers: Readonly<Record<string, string>>,
  body: string,
  now: number,
  isGenuine: boolean,
][] = [
  [{ 'x-gateway-timestamp': `${now}`, 'x-gateway-signature': signature }, body, now + 299, true],
  [{ 'x-gateway-timestamp': `${now}`, 'x-gateway-signature': signature }, body, now + 301, false],
  [{ 'x-gateway-timestamp': `${now}`, 'x-gateway-signature': signature }, `${body} `, now, false],
  [{ 'x-gateway-timestamp': `${now + 1}`, 'x-gateway-signature': signature }, body, now, false],
  [{ 'x-gateway-timestamp': `${now}`, 'x-gateway-signature': signature.slice(0, -1) }, body, now, false],
  [
    { 'x-gateway-timestamp': `${now}`, 'x-gateway-signature': `${signature.slice(0, -1)}é` },
    body,
    now,
    false,
  ],
  [{ 'x-gateway-timestamp': 'soon', 'x-gateway-signature': signature }, body, now, false],
  [{}, body, now, false],
]

it('the example in JavaScript takes what is genuine, and nothing else', async () => {
  const url = `data:text/javascript,${encodeURIComponent(example('js'))}`
  const { isGenuine } = (await import(/* @vite-ignore */ url)) as {
    isGenuine: (secret: string, headers: object, body: Buffer, now: number) => boolean
  }
  const found = CASES.map(([headers, text, at]) => isGenuine(secret, headers, Buffer.from(text), at))
  expect(found).toEqual(CASES.map(([, , , isExpected]) => isExpected))
})

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

it.skipIf(!hasPython())('the example in Python takes what is genuine, and nothing else', () => {
  const run = `
import json, sys
for headers, body, now, _ in json.load(sys.stdin):
    print(is_genuine("${secret}", headers, body.encode(), now))
`
  const input = JSON.stringify(CASES)
  const lines = execFileSync('python3', ['-c', example('python') + run], { input, encoding: 'utf8' })
  expect(lines.trim().split('\n')).toEqual(CASES.map(([, , , isExpected]) => (isExpected ? 'True' : 'False')))
})
