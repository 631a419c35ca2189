import { describe, expect, it } from 'vitest'
import { idsLike } from './ids-like.ts'

describe('fields that look like ids', () => {
  it.each([
    [
      { id: '1', file_id: 2, task_token: 't', fileId: 'x', trace_id: null },
      ['id', 'file_id', 'task_token', 'fileId', 'trace_id'],
    ],
    [{ task: { id: '1' } }, ['task.id']],
    [{ items: [{ id: '1', name: 'a' }, { id: '2' }] }, ['items[].id']],
    [{ task_ids: ['1', '2'], more: [[{ voice_id: 'a' }]] }, ['task_ids[]', 'more[][].voice_id']],
    [[{ id: 1 }], ['[].id']],
    [{ id: { name: 'x' }, file_id: true, paid: 1, total_tokens: 3, identity: 'x', ids: 1 }, []],
    ['id', []],
    [null, []],
  ])('of %j', (document, expected) => {
    expect(idsLike(document)).toEqual(expected)
  })
})
