import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { idPathsOf, OBJECT_OPERATIONS } from '../../src/minimax/objects.ts'
import { formFor } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { furnish, objectsOfUser, personOf, type Belonging, type Person } from './matrix-users.ts'

let gateway: TestGateway
let anna: Person
let bert: Person
let annas: readonly Belonging[]

beforeAll(async () => {
  gateway = await startGateway()
  anna = await personOf(gateway, 'anna')
  bert = await personOf(gateway, 'bert')
  annas = (await furnish(gateway, anna)).objects
})

afterAll(async () => {
  anna.close()
  bert.close()
  await gateway.close()
})

const FORMS = OPERATIONS.filter(({ body }) => body === 'multipart')
/** Every name that a field with an id goes by anywhere. */
const FIELDS = [
  ...new Set(
    OBJECT_OPERATIONS.flatMap((name) => idPathsOf(name).body)
      .map((path) => path.split('.').at(-1) ?? '')
      .concat('task_id'),
  ),
]
const SPELLINGS = [(name: string) => name, (name: string) => name.toUpperCase()]

/** @returns status of the answer */
async function sent(path: string, field: string, value: string): Promise<number> {
  const form = formFor('asr-1.0', 'RIFF....WAVE')
  const first = new FormData()
  first.set(field, value)
  for (const [name, one] of form.entries()) first.append(name, one)
  const answer = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${bert.token}` },
    body: first,
  })
  await answer.text()
  return answer.status
}

describe("another user's objects in forms", () => {
  it.each(FORMS.map(({ name, path }) => [name, path]))('cannot be named in one of %s', async (name, path) => {
    const before = gateway.emulator.accepted.get(name) ?? 0
    const wrong: string[] = []
    for (const { kind, id } of annas)
      for (const field of FIELDS)
        for (const spell of SPELLINGS) {
          // The clip that a clone imitates is a field of JSON alone, and no file's id is a clip of a form.
          if (field === 'prompt_audio') continue
          const status = await sent(path, spell(field), id)
          if (status < 400 || status >= 500) wrong.push(`${spell(field)} with a ${kind}: ${status}`)
        }
    expect(wrong).toEqual([])
    expect(gateway.emulator.accepted.get(name) ?? 0).toBe(before)
  })

  it.each(FORMS.map(({ name, path }) => [name, path]))(
    'cannot be referred to in one of %s',
    async (name, path) => {
      const before = gateway.emulator.accepted.get(name) ?? 0
      const file = annas.find(({ kind }) => kind === 'file')?.id ?? ''
      for (const value of [`mm_file://${file}`, ` MM_FILE://${file}`, `\nmm_file:${file}`])
        for (const field of ['url', 'file_url', 'audio'])
          expect(await sent(path, field, value), `${field} ${value}`).toBe(400)
      expect(gateway.emulator.accepted.get(name) ?? 0).toBe(before)
      expect(await objectsOfUser(gateway, 'anna')).toEqual(annas)
    },
  )
})
