import { describe, expect, it } from 'vitest'
import { dialectOfPath, operationOf, OPERATIONS } from '../../src/minimax/catalog.ts'

/** The API reference's list of operations (platform.minimax.io/docs/api-reference, autumn 2026), and those of old. */
const DOCUMENTED = [
  'POST /v1/text/chatcompletion_v2',
  'POST /v1/chat/completions',
  'GET /v1/models',
  'GET /v1/models/{model}',
  'POST /v1/responses',
  'POST /v1/responses/input_tokens',
  'POST /anthropic/v1/messages',
  'POST /anthropic/v1/messages/count_tokens',
  'GET /anthropic/v1/models',
  'GET /anthropic/v1/models/{model}',
  'POST /v1/t2a_v2',
  'GET /ws/v1/t2a_v2',
  'GET /ws/v1/t2a_v2_bidi',
  'POST /v1/t2a_async_v2',
  'GET /v1/query/t2a_async_query_v2',
  'POST /v1/voice_clone',
  'POST /v1/voice_design',
  'POST /v1/get_voice',
  'POST /v1/delete_voice',
  'POST /v1/speech_to_text',
  'POST /v1/video_generation',
  'GET /v1/query/video_generation',
  'POST /v1/video_template_generation',
  'GET /v1/query/video_template_generation',
  'POST /v2/video_generation',
  'POST /v2/video_regeneration',
  'POST /v2/h3_context_ir',
  'GET /v2/query/video_generation/{task_id}',
  'GET /v2/query/video_generation',
  'DELETE /v2/video_generation/{task_id}',
  'POST /v1/files/upload',
  'GET /v1/files/list',
  'GET /v1/files/retrieve',
  'GET /v1/files/retrieve_content',
  'POST /v1/files/delete',
  'POST /v1/image_generation',
  'POST /v1/music_generation',
  'POST /v1/lyrics_generation',
  'POST /v1/music_cover_preprocess',
  'GET /v1/token_plan/remains',
  'GET /v1/coding_plan/remains',
  'GET /v1/api/openplatform/coding_plan/remains',
  'GET /account/query_balance',
  'POST /v1/coding_plan/search',
  'POST /v1/coding_plan/vlm',
  'POST /v1/embeddings',
  'POST /v1/text/chatcompletion',
  'POST /v1/text/chatcompletion_pro',
  'POST /v1/t2a_pro',
]

describe('the catalog', () => {
  it('has exactly the documented operations', () => {
    const offered = OPERATIONS.map(({ method, path }) => `${method} ${path}`)
    expect([...offered].sort()).toEqual([...DOCUMENTED].sort())
  })

  it('names each operation once, as modality and verb', () => {
    const names = OPERATIONS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z]+(\.[a-z0-9_]+){1,2}$/)
  })

  it.each(OPERATIONS.map((operation) => [operation.name, operation] as const))(
    'is consistent about %s',
    (_name, operation) => {
      expect(operation.dialect).toBe(dialectOfPath(operation.path))
      expect(operation.bodyLimit > 0).toBe(operation.body !== 'none')
      expect(operation.method === 'POST').toBe(operation.body === 'json' || operation.body === 'multipart')
      const { firstByte, idle, total } = operation.timeouts
      expect(Math.min(firstByte, idle)).toBeGreaterThan(0)
      expect(total).toBeGreaterThanOrEqual(Math.max(firstByte, idle))
    },
  )

  it('never sends an operation of the account upstream', () => {
    const own = OPERATIONS.filter(({ answeredBy }) => answeredBy === 'gateway').map(({ name }) => name)
    expect(own.filter((name) => !name.startsWith('account.'))).toEqual([
      'voice.list',
      'video.v2.list',
      'files.list',
    ])
    expect(OPERATIONS.filter(({ modality }) => modality === 'account')).toHaveLength(4)
  })

  it.each([
    ['GET', '/v2/query/video_generation/424010985738629', 'video.v2.query', '424010985738629'],
    ['DELETE', '/v2/video_generation/a_b-1', 'video.v2.delete', 'a_b-1'],
    ['GET', '/v1/models/MiniMax-M2.7', 'models.retrieve', 'MiniMax-M2.7'],
    ['GET', '/v2/query/video_generation', 'video.v2.list', ''],
  ])('finds %s %s', (method, path, name, parameter) => {
    expect(operationOf(method, path)).toMatchObject({ operation: { name }, parameter })
  })

  it.each([
    ['HEAD', '/v1/models'],
    ['GET', '/v1/models/'],
    ['GET', '/v1/models/..'],
    ['GET', '/v1/models/.'],
    ['GET', '/v1/models/a%2fb'],
    ['GET', '/v2/query/video_generation/'],
    ['GET', '/v2/query/video_generation/1/2'],
    ['GET', `/v2/query/video_generation/${'1'.repeat(129)}`],
    ['post', '/v1/responses'],
    ['GET', '/v1/responses/resp_1'],
    ['DELETE', '/v1/responses/resp_1'],
    ['GET', ''],
  ])('does not find %s %s', (method, path) => {
    expect(operationOf(method, path)).toBeUndefined()
  })
})
