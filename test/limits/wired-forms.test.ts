import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { limitedUser, listOf, metricOf } from './limited.ts'

const FILE = ['Content-Disposition: form-data; name="file"; filename="a.mp3"\r\n', 'sound '.repeat(20_000)]
const NAME = ['Content-Disposition: form-data; name="model"\r\n', 'asr-1.0']

function formOf(parts: readonly (readonly string[])[]): string {
  return `${parts.map((lines) => `--b\r\n${lines.join('\r\n')}\r\n`).join('')}--b--\r\n`
}

describe('a form, which names its model after it was let in', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    // A form that was stopped is on the books, and upstream does not know it: the two are not compared.
    gateway = await startGateway()
  })
  afterAll(() => gateway.close())

  const send = async (token: string, parts: readonly (readonly string[])[]): Promise<number> => {
    const answer = await fetch(`${gateway.url}/v1/speech_to_text`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=b' },
      body: formOf(parts),
    })
    await answer.text()
    return answer.status
  }

  it.each([
    ['before its file', 'early', [NAME, FILE]],
    ['after its file', 'late', [FILE, NAME]],
  ])('is held to the limits of that model, named %s', async (_, id, parts) => {
    const limits = { models: { 'asr-1.0': { requests_per_minute: 2, concurrency: 2 } } }
    const token = await limitedUser(gateway, { id, limits })
    expect([await send(token, parts), await send(token, parts), await send(token, parts)]).toEqual([
      200, 200, 429,
    ])
    const { concurrency, rates } = await gateway.admin('GET', `/admin/v1/users/${id}/limits`)
    expect([listOf(concurrency)[0], listOf(rates)[0]]).toMatchObject([{ used: 0 }, { left: 0 }])
    expect(await metricOf(gateway, 'held_usd')).toBe(0)
  })
})
