import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../emulator/kit.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { furnish, idAt, personOf, PURPOSES, type Belongings, type Person } from './matrix-users.ts'

let gateway: TestGateway
let anna: Person
let bert: Person
let annas: Belongings
let berts: Belongings

beforeAll(async () => {
  gateway = await startGateway()
  anna = await personOf(gateway, 'anna')
  bert = await personOf(gateway, 'bert')
  annas = await furnish(gateway, anna)
  berts = await furnish(gateway, bert)
})

afterAll(async () => {
  anna.close()
  bert.close()
  await gateway.close()
})

function both(): readonly (readonly [Person, Belongings])[] {
  return [
    [anna, annas],
    [bert, berts],
  ]
}

/** The ids in a list. */
function idsIn(document: unknown, list: string, field: string): string[] {
  const items = at(document, list)
  if (!Array.isArray(items)) throw new Error(`no list at ${list} of ${JSON.stringify(document)}`)
  return items.map((item: unknown) => idAt(item, field)).toSorted()
}

const own = ({ objects }: Belongings, kind: string): string[] =>
  objects.flatMap((object) => (object.kind === kind ? [object.name] : []))

describe("lists hold the caller's own objects alone", () => {
  it.each(PURPOSES)('files for %s', async (purpose) => {
    for (const [person, { files, made }] of both()) {
      const spare = purpose === 't2a_async_input' ? [made.spareFileId] : []
      const list = await person.get('GET', `/v1/files/list?purpose=${purpose}`)
      expect(idsIn(list, 'files', 'file_id')).toEqual([files[purpose], ...spare].toSorted())
    }
  })

  it.each(['t2a_async', 'video_generation'])('files that tasks made, for %s', async (purpose) => {
    for (const [person, { objects }] of both()) {
      const ids = idsIn(await person.get('GET', `/v1/files/list?purpose=${purpose}`), 'files', 'file_id')
      const files = objects.filter(({ kind }) => kind === 'file').map(({ id }) => id)
      expect(ids).toHaveLength(1)
      expect(files).toEqual(expect.arrayContaining(ids))
    }
  })

  it.each([
    ['voice_cloning', ['voice_cloning']],
    ['voice_generation', ['voice_generation']],
    ['all', ['voice_cloning', 'voice_generation']],
  ])('voices of the type %s', async (voice_type, lists) => {
    // A cloned voice is listed once it is used.
    for (const [person, { clonedVoice }] of both())
      await person.get('POST', '/v1/t2a_v2', {
        model: 'speech-2.8-hd',
        text: 'Hello',
        voice_setting: { voice_id: clonedVoice },
      })
    for (const [person, { clonedVoice, made }] of both()) {
      const answer = await person.get('POST', '/v1/get_voice', { voice_type })
      const shown = lists.flatMap((list) => idsIn(answer, list, 'voice_id'))
      const expected = { voice_cloning: clonedVoice, voice_generation: made.voiceId }
      expect(shown).toEqual(
        lists.map((list) => (list === 'voice_cloning' ? expected.voice_cloning : expected.voice_generation)),
      )
    }
  })

  it("system voices are everybody's, and no voice is among them that somebody made", async () => {
    const lists = await Promise.all(
      both().map(async ([person]) =>
        JSON.stringify(await person.get('POST', '/v1/get_voice', { voice_type: 'system' })),
      ),
    )
    expect(lists[0]).toBe(lists[1])
    expect(lists[0]).toContain('male-qn-qingse')
    for (const [, { objects }] of both())
      for (const name of objects.filter(({ kind }) => kind === 'voice').flatMap(({ id, name }) => [id, name]))
        expect(lists[0]).not.toContain(name)
  })
})

const FILTERS = [
  '',
  '&filter.status=succeeded',
  '&filter.model=MiniMax-H3',
  '&filter.task_type=generation',
  '&filter.status=succeeded&filter.model=MiniMax-H3&filter.task_type=generation',
] as const

describe('tasks of the second video API', () => {
  it.each(FILTERS)('are listed page by page, own ones alone: "%s"', async (filter) => {
    for (const [person, belongings] of both()) {
      const expected = own(belongings, 'video_v2_task')
      const found: string[] = []
      for (let page = 1; page <= expected.length + 1; page++) {
        const list = await person.get(
          'GET',
          `/v2/query/video_generation?page_num=${page}&page_size=1${filter}`,
        )
        expect(at(list, 'total')).toBe(expected.length)
        const ids = idsIn(list, 'items', 'id')
        expect(ids).toHaveLength(page <= expected.length ? 1 : 0)
        found.push(...ids)
      }
      expect(found.toSorted()).toEqual(expected.toSorted())
    }
  })

  it.each(['filter.status=failed', 'filter.model=MiniMax-H3-Max', 'filter.task_type=regeneration'])(
    'are none where %s leaves none',
    async (filter) => {
      const list = await bert.get('GET', `/v2/query/video_generation?${filter}`)
      expect(list).toMatchObject({ items: [], total: 0 })
    },
  )

  it('of another are not found by their ids', async () => {
    const foreign = own(annas, 'video_v2_task')
    const mine = own(berts, 'video_v2_task')
    const ask = (ids: readonly string[]): Promise<unknown> =>
      bert.get('GET', `/v2/query/video_generation?filter.task_ids=${ids.join(',')}`)
    expect(await ask(foreign)).toMatchObject({ items: [], total: 0 })
    const list = await ask([...foreign, ...mine.slice(0, 1)])
    expect(at(list, 'total')).toBe(1)
    expect(idsIn(list, 'items', 'id')).toEqual(mine.slice(0, 1))
  })
})

describe('lists', () => {
  it("are never asked for upstream with a token's request", () => {
    const seen = gateway.emulator.requests.filter(({ operation }) => operation?.endsWith('.list') === true)
    expect(seen.map(({ body }) => body?.toString())).toEqual(seen.map(() => '{"voice_type":"system"}'))
  })
})
