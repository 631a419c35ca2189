import { createHash } from 'node:crypto'

/** Every event of the stream has exactly this length, so that a reader finds the next one by counting. */
export const EVENT_BYTES = 260
export const EVENT_COUNT = 200
/** Milliseconds between two events: slow enough that no proxy sees two at once, as with a real model. */
export const EVENT_GAP_MS = 5
/** How long the time in an event is: microseconds of the machine's monotonic clock. */
export const STAMP_DIGITS = 16
export const STREAM_END = Buffer.from('data: [DONE]\n\n')
export const STREAM_BYTES = EVENT_COUNT * EVENT_BYTES + STREAM_END.length

/** Now, in microseconds of a clock that all processes of this machine share, as digits of one length. */
export function stampNow(): string {
  return String(process.hrtime.bigint() / 1000n).padStart(STAMP_DIGITS, '0')
}

const MODEL = 'MiniMax-M2'
const TRACE = '04ece790375f3ca2edbb44e8c4c200bf'
const USAGE = '"usage":{"total_tokens":92,"prompt_tokens":64,"completion_tokens":28}'
const SUCCESS = '"base_resp":{"status_code":0,"status_msg":""}'

/** A short completion, as MiniMax answers it. */
export const CHAT_ANSWER = Buffer.from(
  `{"id":"${TRACE}","choices":[{"finish_reason":"stop","index":0,"message":{"content":"${'The quick brown fox jumps over the lazy dog. '.repeat(6).trim()}","role":"assistant","name":"MM Assistant","audio_content":""}}],"created":1763900000,"model":"${MODEL}","object":"chat.completion",${USAGE},"input_sensitive":false,"output_sensitive":false,"input_sensitive_type":0,"output_sensitive_type":0,${SUCCESS}}`,
)

/** A megabyte of speech, which MiniMax sends as hexadecimal text in one document. */
export const SPEECH_ANSWER = Buffer.from(
  `{"data":{"audio":"${noise(512 * 1024).toString('hex')}","status":2},"extra_info":{"audio_length":11124,"audio_sample_rate":32000,"audio_size":524288,"bitrate":128000,"word_count":163,"invisible_character_ratio":0,"usage_characters":163,"audio_format":"mp3","audio_channel":1},"trace_id":"${TRACE}",${SUCCESS}}`,
)

const FILE_ID_DIGITS = 15
const FILE_HEAD = '{"file":{"file_id":'
const FILE_REST = `,"bytes":10485760,"created_at":1763900000,"filename":"speech.wav","purpose":"voice_clone"},${SUCCESS}}`
let files = 0

/** What an upload is answered with: a new file each time, in a document of one length. */
export function fileAnswer(): Buffer {
  return Buffer.from(FILE_HEAD + String(10 ** (FILE_ID_DIGITS - 1) + files++) + FILE_REST)
}
export const FILE_ANSWER_BYTES = FILE_HEAD.length + FILE_ID_DIGITS + FILE_REST.length

const EVENT_HEAD = `data: {"id":"${TRACE}","object":"chat.completion.chunk","created":1763900000,"model":"${MODEL}","choices":[{"index":0,"delta":{"content":"`

/** Where in an event its time stands: what differs from one event of a stream to the next is the text alone. */
export const STAMP_AT = EVENT_HEAD.length

/** One event of a stream; its time is filled in when it is sent. */
function event(content: string, tail: string): Buffer {
  const text = '0'.repeat(STAMP_DIGITS) + content
  const rest = `${tail}}\n\n`
  return Buffer.from(EVENT_HEAD + text.padEnd(EVENT_BYTES - EVENT_HEAD.length - rest.length, '.') + rest)
}

export const EVENT = event(' the fox said', '"}}]')
export const LAST_EVENT = event('', `"}}],${USAGE}`)

/** Bytes that do not compress and never change. */
function noise(length: number): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at * 64 < length; at++) blocks.push(createHash('sha512').update(`block ${at}`).digest())
  return Buffer.concat(blocks, length)
}

const MESSAGES = [
  {
    role: 'system',
    name: 'MM Assistant',
    content: 'You are a helpful assistant that answers in one sentence.',
  },
  { role: 'user', name: 'Ann', content: 'What does a fox do when it meets a lazy dog? '.repeat(4) },
]

export const CHAT_REQUEST = Buffer.from(
  JSON.stringify({ model: MODEL, messages: MESSAGES, temperature: 0.7, max_completion_tokens: 256 }),
)
export const STREAM_REQUEST = Buffer.from(
  JSON.stringify({ model: MODEL, messages: MESSAGES, stream: true, stream_options: { include_usage: true } }),
)
export const SPEECH_REQUEST = Buffer.from(
  JSON.stringify({
    model: 'speech-2.6-hd',
    text: 'The fox has a long story to tell. '.repeat(5).trim(),
    stream: false,
    voice_setting: { voice_id: 'English_expressive_narrator', speed: 1, vol: 1, pitch: 0 },
    audio_setting: { sample_rate: 32000, bitrate: 128000, format: 'mp3', channel: 1 },
  }),
)

export const FORM_BOUNDARY = '----bench7MA4YWxkTrZu0gW'
/** Ten megabytes of a file in a form. */
export const UPLOAD_REQUEST = Buffer.concat([
  Buffer.from(
    `--${FORM_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nvoice_clone\r\n` +
      `--${FORM_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="speech.wav"\r\nContent-Type: audio/wav\r\n\r\n`,
  ),
  noise(10 * 1024 * 1024),
  Buffer.from(`\r\n--${FORM_BOUNDARY}--\r\n`),
])
