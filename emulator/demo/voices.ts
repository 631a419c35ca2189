import { setTimeout as pause } from 'node:timers/promises'
import { fields, id, list, number, text } from '../json.ts'
import { frames, mp3 } from '../media/mp3.ts'
import { download, fromHex, type Caller } from './caller.ts'
import { check, mp3Seconds, tarFiles } from './media.ts'
import { length, quote } from './show.ts'
import type { Step } from './step.ts'
import { speak } from './websocket.ts'

const voice_setting = { voice_id: 'male-qn-qingse' }

/** A recording of three seconds, made here: the demo needs no files. */
export function recording(name: string): File {
  return new File([new Uint8Array(frames(mp3(3000, 32000, 128000, 1)))], name, { type: 'audio/mpeg' })
}

/** Asks again until a task has ended. */
export async function poll(ask: () => Promise<string>): Promise<void> {
  const states: string[] = []
  for (let tries = 0; tries < 100; tries += 1) {
    const state = await ask()
    if (/^succe/i.test(state)) return
    check(!/^(fail|expired|cancel)/i.test(state), `the task is ${state}`)
    states.push(state)
    await pause(100)
  }
  check(false, `the task never ended; it was ${[...new Set(states)].join(', ')}`)
}

function mp3Of(bytes: Buffer): string {
  return length(mp3Seconds(bytes), 'mp3', bytes.length)
}

async function asynchronous(caller: Caller): Promise<string> {
  const body = { model: 'speech-2.8-hd', text: 'A long text, read aloud.', voice_setting }
  const made = await caller.json('POST', '/v1/t2a_async_v2', body)
  const query = `/v1/query/t2a_async_query_v2?task_id=${id(made.task_id)}`
  await poll(async () => text((await caller.json('GET', query)).status))
  const archive = await caller.bytes(`/v1/files/retrieve_content?file_id=${id(made.file_id)}`)
  const inside = tarFiles(archive)
  const audio = [...inside].find(([name]) => name.endsWith('.mp3'))?.[1]
  check(audio !== undefined, 'there is no mp3 in the tar')
  return `${inside.size} files in a tar, ${mp3Of(audio)}`
}

/** Speech in its three ways. */
export const speech: readonly Step[] = [
  {
    modality: 'speech',
    about: 'at once',
    async run(caller) {
      const body = { model: 'speech-2.8-hd', text: 'Hello from the gateway.', voice_setting }
      const answer = await caller.json('POST', '/v1/t2a_v2', body)
      check(number(fields(answer.extra_info).usage_characters, 0) > 0, 'the answer reports no characters')
      return mp3Of(fromHex(text(fields(answer.data).audio)))
    },
  },
  { modality: 'speech', about: 'as a task', run: asynchronous },
  {
    modality: 'speech',
    about: 'WebSocket',
    operation: 'speech.websocket',
    async run(caller) {
      const said = ['Two sentences.', 'One connection.']
      const { audio, messages } = await speak(caller, 'speech-2.8-turbo', said, voice_setting)
      return `${mp3Of(audio)} in ${messages} messages`
    },
  },
]

/** Voices: cloned from a recording, designed from words, and listed. */
export const voice: readonly Step[] = [
  {
    modality: 'voice',
    about: 'clone',
    async run(caller) {
      const file = recording('my-voice.mp3')
      const uploaded = await caller.upload('/v1/files/upload', { purpose: 'voice_clone' }, file)
      const { file_id } = fields(uploaded.file)
      const preview = { text: 'This is my voice.', model: 'speech-2.8-hd' }
      const body = { file_id, voice_id: 'DemoVoice001', ...preview }
      const demo = await download(text((await caller.json('POST', '/v1/voice_clone', body)).demo_audio))
      return `DemoVoice001, ${mp3Of(demo)}`
    },
  },
  {
    modality: 'voice',
    about: 'design',
    async run(caller) {
      const body = { prompt: 'A calm old storyteller', preview_text: 'Once upon a time.' }
      const made = await caller.json('POST', '/v1/voice_design', body)
      check(text(made.voice_id) !== '', 'the answer names no voice')
      return `a voice, ${mp3Of(fromHex(text(made.trial_audio)))}`
    },
  },
  {
    modality: 'voice',
    about: 'list',
    async run(caller) {
      const all = await caller.json('POST', '/v1/get_voice', { voice_type: 'all' })
      const [system, designed] = [list(all.system_voice).length, list(all.voice_generation).length]
      check(system > 0 && designed > 0, 'the designed voice is not on the list')
      return `${system} system voices, ${designed} designed`
    },
  },
]

/** Transcription of an upload. */
export const transcription: readonly Step[] = [
  {
    modality: 'transcription',
    about: 'of an upload',
    async run(caller) {
      const answer = await caller.upload('/v1/speech_to_text', { model: 'asr-1.0' }, recording('speech.mp3'))
      check(text(answer.text) !== '', 'nothing was heard')
      return quote(text(answer.text))
    },
  },
]
