import { describe, expect, it } from 'vitest'
import { START } from '../auth/helper.ts'
import { anObject, own } from '../contract/objects.ts'
import { aGateway, run } from './helper.ts'

async function withObjects(options: Parameters<typeof aGateway>[0] = {}) {
  const { env, house } = await aGateway(options)
  await house.users.add({ id: 'eve' })
  await house.store.ledger.write([
    own({ id: '0123', createdAt: START }),
    own({
      id: 'u1_narrator',
      name: 'narrator',
      kind: 'voice',
      createdAt: START + 1,
      expiresAt: START + 5000,
    }),
    own({ id: '9', userId: 'eve', createdAt: START + 2 }),
  ])
  return { env, house }
}

describe('objects', () => {
  it('prints an object in each line, newest first', async () => {
    const { env } = await withObjects()
    const { code, out, err } = await run('objects --user ada', env)
    const { requestId } = anObject()
    expect([code, err]).toEqual([0, ''])
    expect(out).toEqual([
      'CREATED\tKIND\tID\tNAME\tUSER\tACCOUNT\tOPERATION\tREQUEST\tEXPIRES',
      `2026-01-01T00:00:00.001Z\tvoice\tu1_narrator\tnarrator\tada\tmain\tfiles.upload\t${requestId}\t2026-01-01T00:00:05.000Z`,
      `2026-01-01T00:00:00.000Z\tfile\t0123\t0123\tada\tmain\tfiles.upload\t${requestId}\tnever`,
    ])
  })

  it('prints one page, and how to go on', async () => {
    const { env } = await withObjects()
    const first = await run('objects --kind file --limit 1', env)
    expect(first.out).toHaveLength(2)
    const cursor = /^There are more: (--cursor \S+)$/.exec(first.err)?.[1] ?? ''
    const second = await run(`objects --kind file --limit 1 ${cursor} --json`, env)
    expect(JSON.parse(second.out.join())).toMatchObject({ items: [{ id: '0123', user: 'ada' }], next: null })
  })

  it.each([
    ['objects --kind song', 1, 'The field "kind" is not right.'],
    ['objects --limit many', 1, 'The field "limit" is not right.'],
    ['objects --token x', 2, 'has no option --token'],
    ['objects delete', 2, 'needs USER'],
    ['objects delete nobody', 1, 'no such user'],
  ])('%s is told what is wrong', async (line, expected, message) => {
    const { env } = await withObjects()
    const { code, out, err } = await run(line, env)
    expect([code, out]).toEqual([expected, []])
    expect(err).toContain(message)
  })

  it('delete takes away all of a user', async () => {
    const { env, house } = await withObjects()
    expect(await run('objects delete ada', env)).toEqual({
      code: 0,
      out: [],
      err: 'Objects: 2 deleted at MiniMax, 0 forgotten, 0 failed.',
    })
    expect(await house.users.get('ada')).toMatchObject({ status: 'active' })
    const json = await run('objects delete eve --json', env)
    expect(JSON.parse(json.out.join())).toEqual({ removed: 1, forgotten: 0, failed: [] })
  })
})

describe('user delete', () => {
  it.each([
    ['delete', 'Objects: 2 deleted at MiniMax, 0 forgotten, 0 failed.\nada is deleted.'],
    ['keep', 'Objects: 0 deleted at MiniMax, 2 forgotten, 0 failed.\nada is deleted.'],
  ])('--objects %s says what became of them', async (objects, err) => {
    const { env, house } = await withObjects()
    expect(await run(`user delete ada --objects ${objects}`, env)).toEqual({ code: 0, out: [], err })
    expect(await house.store.users.get('ada')).toBeUndefined()
  })

  it('names what MiniMax did not delete, and fails', async () => {
    const { env } = await withObjects({ remove: async ({ id }) => (id === '0123' ? 'failed' : 'removed') })
    const { code, err } = await run('user delete ada --objects delete', env)
    expect(code).toBe(1)
    expect(err).toContain('Not deleted: file 0123')
    expect(err).toContain('is not deleted')
    const json = await run('user delete ada --objects delete --json', env)
    expect([json.code, JSON.parse(json.out.join())]).toMatchObject([1, { deleted: false }])
  })

  it.each([
    ['user delete ada', 2],
    ['user delete ada --objects all', 2],
    ['user delete --objects keep', 2],
    ['user delete nobody --objects keep', 1],
  ])('%s does nothing', async (line, expected) => {
    const { env, house } = await withObjects()
    expect((await run(line, env)).code).toBe(expected)
    expect(await house.users.get('ada')).toMatchObject({ status: 'active' })
  })
})
