import { expect, test } from 'vitest'
import { Inbox } from '../../src/proxy/inbox.ts'

const message = (text: string) => ({ bytes: Buffer.from(text), isBinary: false })

function started(look: (text: string) => Promise<void> | undefined) {
  const seen: string[] = []
  const busy: boolean[] = []
  const failed: unknown[] = []
  const inbox = new Inbox({
    look({ bytes }) {
      seen.push(bytes.toString())
      return look(bytes.toString())
    },
    busy: (isBusy) => busy.push(isBusy),
    failed: (thrown) => failed.push(thrown),
  })
  return { inbox, seen, busy, failed }
}

test('messages keep their order while one of them is looked at', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const { inbox, seen, busy } = started((text) => (text === 'slow' ? promise : undefined))
  for (const text of ['first', 'slow', 'third', 'fourth']) inbox.push(message(text))
  expect(seen).toEqual(['first', 'slow'])
  resolve(undefined)
  await expect.poll(() => seen).toEqual(['first', 'slow', 'third', 'fourth'])
  expect(busy).toEqual([true, false])
})

test('after a refusal nothing more is looked at, and the client is read again, so that its close is heard', async () => {
  const { promise, reject } = Promise.withResolvers<undefined>()
  const { inbox, seen, busy, failed } = started((text) => (text === 'bad' ? promise : undefined))
  inbox.push(message('bad'))
  inbox.push(message('next'))
  const refusal = new Error('refused')
  reject(refusal)
  await expect.poll(() => busy).toEqual([true, false])
  expect(failed).toEqual([refusal])
  expect(seen).toEqual(['bad'])
})

test('a refusal that comes at once is told', () => {
  const { inbox, failed } = started(() => {
    throw new Error('refused')
  })
  inbox.push(message('bad'))
  expect(failed).toHaveLength(1)
})
