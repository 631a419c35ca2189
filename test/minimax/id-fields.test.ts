import { expect, it } from 'vitest'
import { ID_FIELDS } from '../../src/minimax/objects.ts'

it('every field by which a request names an object is kept out of forms by its last name', () => {
  expect([...ID_FIELDS].toSorted()).toEqual([
    'cover_feature_id',
    'file_id',
    'prompt_audio',
    'source_task_id',
    'task_id',
    'text_file_id',
    'voice_id',
  ])
})
