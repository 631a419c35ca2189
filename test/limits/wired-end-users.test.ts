import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { ADMIN_TOKEN, isRecord, requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { limitedUser, listOf } from './limited.ts'

const IMAGE = { model: 'image-01', prompt: 'a cat', n: 1 }
const IMAGES = '/v1/image_generation'
const CHAT = '/v1/chat/completions'

/** Makes a session of a token. @param sub the end user; undefined: none. @returns its text */
async function sessionOf(gateway: TestGateway, token: string, sub?: string): Promise<string> {
  const answer = await post(
    gateway.url,
    token,
    '/gateway/v1/session-tokens',
    sub === undefined ? {} : { sub },
  )
  const body: unknown = await answer.json()
  if (isRecord(body) && typeof body.token === 'string') return body.token
  throw new Error(`no session was made: ${JSON.stringify(body)}`)
}

async function own(gateway: TestGateway, token: string, path: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${gateway.url}/gateway/v1/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const body: unknown = await answer.json()
  if (!isRecord(body)) throw new Error('no answer')
  return body
}

/** What a stream says until it ends or is cut. */
async function textOf(answer: Response): Promise<string> {
  let text = ''
  try {
    for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  return text
}

async function statusOf(gateway: TestGateway, token: string): Promise<number> {
  const answer = await post(gateway.url, token, IMAGES, IMAGE)
  await answer.arrayBuffer()
  return answer.status
}

describe('an end user', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ checksBooks: true })
  })
  afterAll(() => gateway.close())

  const withBudget = async (id: string, quantity: number): Promise<string> => {
    const token = await limitedUser(gateway, { id })
    await gateway.admin('PATCH', `/admin/v1/users/${id}`, {
      end_user_limits: { budgets: [{ unit: 'images', quantity, period: 'day' }] },
    })
    return token
  }

  it('with a budget for ten gets exactly ten of 50 parallel calls, over all of their sessions', async () => {
    const token = await withBudget('parallel', 10)
    const sessions = await Promise.all(Array.from({ length: 5 }, () => sessionOf(gateway, token, 'eve')))
    const other = await sessionOf(gateway, token, 'adam')
    const statuses = await Promise.all(
      Array.from({ length: 50 }, (_, index) => statusOf(gateway, sessions[index % 5] ?? '')),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(10)
    expect(statuses.filter((status) => status === 402)).toHaveLength(40)
    const page = await gateway.admin('GET', '/admin/v1/requests?user=parallel&end_user=eve&limit=100')
    expect(listOf(page.items)).toHaveLength(10)
    expect(await statusOf(gateway, other)).toBe(200)
    expect(await own(gateway, sessions[0] ?? '', 'me')).toMatchObject({
      limits: { budgets: [{ of: 'end_user', used: 10, left: 0 }] },
    })
  })

  it('is told in the books and in the log, and sees what they used themselves and nothing else', async () => {
    const { token } = await gateway.token({}, 'books')
    const [eve, adam, nobody] = await Promise.all(
      ['eve', 'a/b', undefined].map((sub) => sessionOf(gateway, token, sub)),
    )
    for (const one of [eve, adam, adam, nobody, token]) expect(await statusOf(gateway, one ?? '')).toBe(200)
    const rows = await gateway.admin('GET', '/admin/v1/requests?user=books&end_user=a%2Fb')
    expect(listOf(rows.items)).toMatchObject([{ end_user: 'a/b' }, { end_user: 'a/b' }])
    expect(requestLines(gateway).filter(({ endUser }) => endUser === 'a/b').length).toBe(2)
    const totals = await gateway.admin('GET', '/admin/v1/usage?user=books&group_by=end_user')
    expect(totals.items).toMatchObject([
      { end_user: 'a/b', requests: 2, usage: { images: 2 } },
      { end_user: 'eve', requests: 1 },
    ])
    expect((await own(gateway, token, 'usage?group_by=end_user')).items).toHaveLength(2)
    expect((await own(gateway, token, 'usage')).items).toMatchObject([{ requests: 5 }])
    expect((await own(gateway, adam ?? '', 'usage')).items).toMatchObject([{ requests: 2 }])
    expect((await own(gateway, nobody ?? '', 'usage')).items).toMatchObject([{ requests: 1 }])
    for (const query of ['group_by=end_user', 'end_user=eve', 'user=books&end_user=eve&from=2000-01-01']) {
      const answer = await fetch(`${gateway.adminUrl}/admin/v1/usage?${query}`, {
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      })
      expect([query, answer.status]).toEqual([query, 400])
    }
  })

  it('who is suspended is refused at once and cut within two seconds, and the others go on', async () => {
    const { token } = await gateway.token({}, 'stopped')
    const [eve, adam] = await Promise.all([
      sessionOf(gateway, token, 'e/v?e'),
      sessionOf(gateway, token, 'adam'),
    ])
    const body = chat({ model: 'scenario:endless@5', stream: true })
    const [cut, goesOn] = await Promise.all([
      post(gateway.url, eve, CHAT, body),
      post(gateway.url, adam, CHAT, body),
    ])
    const path = `/admin/v1/users/stopped/end-users/${encodeURIComponent('e/v?e')}`
    const at = performance.now()
    expect(await gateway.admin('POST', `${path}/suspend`)).toMatchObject({ end_user: 'e/v?e' })
    expect(await textOf(cut)).toContain('suspended')
    expect(performance.now() - at).toBeLessThan(2_000)
    expect([await statusOf(gateway, eve), await statusOf(gateway, adam)]).toEqual([403, 200])
    const reader = goesOn.body?.getReader()
    for (let chunks = 0; chunks < 3; chunks++) expect((await reader?.read())?.done).toBe(false)
    await reader?.cancel()
    expect(await gateway.admin('GET', '/admin/v1/users/stopped/end-users')).toMatchObject({
      items: [{ end_user: 'e/v?e', suspended_by: null }],
    })
    expect(await gateway.admin('POST', `${path}/reinstate`)).toMatchObject({ was_suspended: true })
    expect(await statusOf(gateway, eve)).toBe(200)
  })
})
