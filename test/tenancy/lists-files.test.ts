import { describe, expect, it } from 'vitest'
import { fileDetailOf, filesList } from '../../src/tenancy/lists.ts'
import { AT, owned, parsed } from './lists-kit.ts'

const SUCCESS = { status_code: 0, status_msg: 'success' }
const file = (id: string, purpose: string): string =>
  `{"file_id":${id},"bytes":5896337,"created_at":1699964873,"filename":"a.mp3","purpose":"${purpose}"}`

describe('the list of files', () => {
  it('is empty in the shape of MiniMax', () => {
    expect(filesList([], 'voice_clone').toString()).toBe(
      '{"files":[],"base_resp":{"status_code":0,"status_msg":"success"}}',
    )
  })

  it('shows files as MiniMax wrote them, long numbers and all', () => {
    const written = '{"file_id": 9007199254740993123, "purpose":"voice_clone","new":1.50}'
    const answer = filesList([owned('file', '9007199254740993123', { detail: written })], 'voice_clone')
    expect(answer.toString()).toContain(`[${written}]`)
  })

  it('has those of the purpose only, the oldest first', () => {
    const objects = [
      owned('file', '3', { detail: file('3', 'voice_clone'), createdAt: AT + 2 }),
      owned('file', '2', { detail: file('2', 'prompt_audio'), createdAt: AT + 1 }),
      owned('file', '1', { detail: file('1', 'voice_clone'), createdAt: AT }),
    ]
    expect(parsed(filesList(objects, 'voice_clone'))).toMatchObject({
      files: [{ file_id: 1 }, { file_id: 3 }],
      base_resp: SUCCESS,
    })
    expect(parsed(filesList(objects, 'retrieval'))).toEqual({ files: [], base_resp: SUCCESS })
  })

  it.each([
    ['speech.async.create', 't2a_async'],
    ['speech.async.query', 't2a_async'],
    ['video.query', 'video_generation'],
  ])('shows what is known of a file that %s told of', (operation, purpose) => {
    const objects = [owned('file', '424010985738629', { operation })]
    expect(parsed(filesList(objects, purpose))).toEqual({
      files: [
        {
          file_id: 424010985738629,
          bytes: 0,
          created_at: Math.floor(AT / 1000),
          filename: '',
          purpose,
        },
      ],
      base_resp: SUCCESS,
    })
    expect(parsed(filesList(objects, 'voice_clone'))).toMatchObject({ files: [] })
  })

  it.each([
    ['424010985738629123456', '424010985738629123456'],
    ['0', '0'],
    ['0123', '"0123"'],
    ['abc-1', '"abc-1"'],
  ])('writes the id %s as %s', (id, expected) => {
    const answer = filesList([owned('file', id, { operation: 'video.query' })], 'video_generation')
    expect(answer.toString()).toContain(`{"file_id":${expected},`)
    parsed(answer)
  })

  it.each(['{"file_id":1,', 'null', '[]', '"x"'])('stays JSON when the books hold %s', (detail) => {
    const answer = filesList([owned('file', '7', { operation: 'video.query', detail })], 'video_generation')
    expect(parsed(answer)).toMatchObject({ files: [{ file_id: 7 }] })
  })

  it.each([undefined, ''])('needs a purpose, not %j', (purpose) => {
    expect(() => filesList([], purpose)).toThrow(expect.objectContaining({ code: 'invalid_query' }))
  })
})

describe('what is kept of a file', () => {
  it('is what MiniMax wrote, without the URL that will not last', () => {
    const answer =
      '{"file":{"file_id":90071992547409931234, "download_url":"https://cdn.example/a?b=1","bytes": 5},"base_resp":{}}'
    expect(fileDetailOf(Buffer.from(answer))).toBe('{"file_id":90071992547409931234,"bytes":5}')
  })

  it.each(['', '{"base_resp":{"status_code":2013}}', '{"file":null}', '{"file":[1]}', '{"file":{"a":1}'])(
    'is nothing where the answer tells of none: %s',
    (answer) => {
      expect(fileDetailOf(Buffer.from(answer))).toBe('')
    },
  )
})
