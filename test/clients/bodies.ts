/** What the requests of the table need: objects that were made before. */
export interface Made {
  readonly fileId: string
  /** A file whose only use is to be deleted. */
  readonly spareFileId: string
  readonly voiceFileId: string
  readonly speechTask: string
  readonly videoTask: string
  readonly templateTask: string
  readonly v2Task: string
  readonly spareV2Task: string
  /** A designed voice whose only use is to be deleted. */
  readonly voiceId: string
}

/** A minimal request: a JSON body, a query, or what stands for the `{segment}` of the path. */
export interface Request {
  readonly body?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, string>>
  readonly segment?: string
  /** A field that the answer must have, as a dotted path. */
  readonly answer: string
}

const messages = [{ role: 'user', content: 'Hello' }]
const voice_setting = { voice_id: 'male-qn-qingse' }
const content = [{ type: 'text', text: 'Waves' }]

const CHAT: Readonly<Record<string, (made: Made) => Request>> = {
  'chat.native': () => ({ body: { model: 'abab6.5s-chat', messages }, answer: 'choices.0.message.content' }),
  'chat.openai': () => ({ body: { model: 'MiniMax-M3', messages }, answer: 'choices.0.message.content' }),
  'chat.responses': () => ({ body: { model: 'MiniMax-M3', input: 'Hello' }, answer: 'output_text' }),
  'chat.input_tokens': () => ({ body: { model: 'MiniMax-M3', input: 'Hello' }, answer: 'input_tokens' }),
  'chat.anthropic': () => ({
    body: { model: 'MiniMax-M3', max_tokens: 50, messages },
    query: { beta: 'true' },
    answer: 'content.0.text',
  }),
  'chat.count_tokens': () => ({ body: { model: 'MiniMax-M3', messages }, answer: 'input_tokens' }),
  'chat.legacy': () => ({
    body: { model: 'abab5.5-chat', messages: [{ sender_type: 'USER', text: 'Hello' }] },
    answer: 'reply',
  }),
  'chat.legacy_pro': () => ({
    body: {
      model: 'abab5.5-chat',
      messages: [{ sender_type: 'USER', sender_name: 'Me', text: 'Hello' }],
      bot_setting: [{ bot_name: 'Bot', content: 'Helps' }],
    },
    answer: 'reply',
  }),
  'models.list': () => ({ answer: 'data.0.id' }),
  'models.retrieve': () => ({ segment: 'MiniMax-M2.7', answer: 'id' }),
  'models.anthropic_list': () => ({ query: { limit: '2', after_id: 'MiniMax-M3' }, answer: 'data.1.id' }),
  'models.anthropic_retrieve': () => ({ segment: 'MiniMax-M3', answer: 'display_name' }),
  'embeddings.create': () => ({
    body: { model: 'embo-01', texts: ['one'], type: 'db' },
    answer: 'vectors.0.1535',
  }),
  'search.web': () => ({ body: { q: 'weather' }, answer: 'organic.0.link' }),
  'vision.describe': () => ({
    body: { prompt: 'What is it?', image_url: 'data:image/png;base64,AA==' },
    answer: 'content',
  }),
}

const SOUND: Readonly<Record<string, (made: Made) => Request>> = {
  'speech.sync': () => ({
    body: { model: 'speech-2.8-hd', text: 'Hello', voice_setting },
    answer: 'data.audio',
  }),
  'speech.async.create': () => ({
    body: { model: 'speech-2.8-hd', text: 'Hello', voice_setting },
    answer: 'task_token',
  }),
  'speech.async.query': ({ speechTask }) => ({ query: { task_id: speechTask }, answer: 'file_id' }),
  'speech.legacy_pro': () => ({ body: { model: 'speech-01', text: 'Hello' }, answer: 'audio_file' }),
  'voice.clone': ({ voiceFileId }) => ({
    body: { file_id: Number(voiceFileId), voice_id: 'CloneOfATable' },
    answer: 'base_resp.status_code',
  }),
  'voice.design': () => ({
    body: { prompt: 'Calm', preview_text: 'Hello', voice_id: 'DesignOfATable' },
    answer: 'trial_audio',
  }),
  'voice.list': () => ({ body: { voice_type: 'all' }, answer: 'voice_generation.0.voice_id' }),
  'voice.delete': ({ voiceId }) => ({
    body: { voice_type: 'voice_generation', voice_id: voiceId },
    answer: 'created_time',
  }),
  'music.create': () => ({
    body: { model: 'music-2.6', prompt: 'Piano', lyrics: 'La' },
    answer: 'data.audio',
  }),
  'music.lyrics': () => ({ body: { mode: 'write_full_song', prompt: 'Rain' }, answer: 'lyrics' }),
  'music.cover_preprocess': () => ({
    body: { model: 'music-cover', audio_url: 'https://example.com/song.mp3' },
    answer: 'cover_feature_id',
  }),
}

const PICTURES: Readonly<Record<string, (made: Made) => Request>> = {
  'image.create': () => ({ body: { model: 'image-01', prompt: 'Dawn' }, answer: 'data.image_urls.0' }),
  'video.create': () => ({ body: { model: 'MiniMax-Hailuo-2.3', prompt: 'Waves' }, answer: 'task_id' }),
  'video.query': ({ videoTask }) => ({ query: { task_id: videoTask }, answer: 'file_id' }),
  'video.template.create': () => ({
    body: { template_id: '1', text_inputs: [{ value: 'Waves' }] },
    answer: 'task_id',
  }),
  'video.template.query': ({ templateTask }) => ({ query: { task_id: templateTask }, answer: 'video_url' }),
  'video.v2.create': () => ({ body: { model: 'MiniMax-H3', content }, answer: 'task_id' }),
  'video.v2.regenerate': ({ v2Task }) => ({
    body: { model: 'MiniMax-H3', source_task_id: v2Task },
    answer: 'task_id',
  }),
  'video.v2.context_ir': () => ({ body: { model: 'MiniMax-H3', content }, answer: 'task_id' }),
  'video.v2.query': ({ v2Task }) => ({ segment: v2Task, answer: 'task.content.url' }),
  'video.v2.list': () => ({
    query: { page_num: '1', page_size: '5', 'filter.status': 'succeeded', 'filter.model': 'MiniMax-H3' },
    answer: 'items.0.id',
  }),
  'video.v2.delete': ({ spareV2Task }) => ({ segment: spareV2Task, answer: 'action' }),
}

const REST: Readonly<Record<string, (made: Made) => Request>> = {
  'files.list': () => ({ query: { purpose: 't2a_async_input' }, answer: 'files.0.file_id' }),
  'files.retrieve': ({ fileId }) => ({ query: { file_id: fileId }, answer: 'file.download_url' }),
  'files.delete': ({ spareFileId }) => ({
    body: { file_id: Number(spareFileId), purpose: 't2a_async_input' },
    answer: 'file_id',
  }),
  'account.quota': () => ({ answer: 'model_remains.0.model_name' }),
  'account.coding_plan': () => ({ answer: 'model_remains.0.model_name' }),
  'account.open_platform': () => ({ answer: 'model_remains.0.model_name' }),
  'account.balance': () => ({ answer: 'available_amount' }),
}

/** A minimal request for every operation that takes and gives JSON. */
export const REQUESTS: Readonly<Record<string, (made: Made) => Request>> = {
  ...CHAT,
  ...SOUND,
  ...PICTURES,
  ...REST,
}
