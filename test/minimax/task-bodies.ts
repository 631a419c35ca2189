import type { TaskSight } from '../../src/minimax/tasks.ts'
import type { Usage } from '../../src/minimax/units.ts'

type Row = readonly [
  operation: string,
  file: string,
  id: string | undefined,
  state: TaskSight,
  usage?: Usage | undefined,
  code?: number,
]

/** What recorded and documented answers say about their task. */
export const ANSWERS: readonly Row[] = [
  ['video.query', 'video/v1.query.processing.test.json', '106916112212032', 'running'],
  ['video.query', 'video/v1.query.success.docs.json', '176843862716480', 'succeeded'],
  ['video.query', 'video/v1.query.success.test.json', '106916112212032', 'succeeded'],
  ['video.query', '_reconstructed/video.v1.query.fail.json', '176843862716480', 'failed', undefined, 1027],
  ['video.query', '_reconstructed/video.v1.callback.status.json', '115334141465231360', 'succeeded'],
  ['video.template.query', '_reconstructed/video.template.query.json', '401047179385389059', 'succeeded'],
  [
    'video.v2.query',
    'video/v2.query.succeeded.docs.json',
    '424010985738629',
    'succeeded',
    { video_seconds: 5 },
  ],
  [
    'video.v2.query',
    'video/v2.query.regeneration.docs.json',
    '424010985738631',
    'succeeded',
    { video_seconds: 5 },
  ],
  [
    'video.v2.query',
    'video/v2.query.context_ir.docs.json',
    '426586401755526',
    'succeeded',
    { input_tokens: 5664, output_tokens: 3426 },
  ],
  ['video.v2.query', 'video/v2.query.failed.docs.json', '424010985738630', 'failed', undefined, 1026],
  ['video.v2.delete', 'video/v2.delete.docs.json', '424010985738629', 'cancelled'],
  ['video.v2.query', 'video/v2.list.docs.json', undefined, 'none'],
  ['speech.async.query', 't2a/t2a_async_v2.query.docs.json', '95157322514444', 'running'],
  ['video.query', 'errors/native.1004.no_key.json', undefined, 'none', undefined, 1004],
  ['video.query', 'errors/native.2049.live.json', undefined, 'none', undefined, 2049],
  ['video.query', 'errors/gateway.404.txt', undefined, 'none'],
  ['video.v2.query', 'errors/oai_style.400.2013.docs.json', undefined, 'unknown', undefined, 2013],
  ['video.v2.query', 'errors/oai_style.402.1008.docs.json', undefined, 'none', undefined, 1008],
  ['video.v2.query', 'errors/oai_style.429.1002.docs.json', undefined, 'none', undefined, 1002],
  ['video.v2.query', 'errors/oai_style.500.1000.docs.json', undefined, 'none', undefined, 1000],
  ['video.v2.query', 'errors/openai.401.1004.docs.json', undefined, 'none', undefined, 1004],
]
