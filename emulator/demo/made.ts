import { fields, list, number, text } from '../json.ts'
import { download, fromHex, type Caller } from './caller.ts'
import { check, mp3Seconds, mp4Seconds, pngSize } from './media.ts'
import { length, size } from './show.ts'
import type { Step } from './step.ts'
import { poll } from './voices.ts'

/** Pictures. */
export const image: readonly Step[] = [
  {
    modality: 'image',
    about: 'two pictures',
    async run(caller) {
      const body = { model: 'image-01', prompt: 'A lighthouse at dawn', aspect_ratio: '16:9', n: 2 }
      const { data } = await caller.json('POST', '/v1/image_generation', body)
      const urls = list(fields(data).image_urls).map((url) => text(url))
      check(urls.length === 2, `${urls.length} pictures instead of 2`)
      const pictures = await Promise.all(urls.map(download))
      const sizes = pictures.map((picture) => {
        const { width, height } = pngSize(picture)
        return `${width}×${height}`
      })
      const total = pictures.reduce((sum, picture) => sum + picture.length, 0)
      return `${pictures.length} PNG of ${[...new Set(sizes)].join(', ')}, ${size(total)}`
    },
  },
]

/** Music. */
export const music: readonly Step[] = [
  {
    modality: 'music',
    about: 'a song',
    async run(caller) {
      const body = { model: 'music-2.6', prompt: 'Quiet piano', lyrics: '[Verse]\nLa la la' }
      const { data } = await caller.json('POST', '/v1/music_generation', body)
      const song = fromHex(text(fields(data).audio))
      return length(mp3Seconds(song), 'mp3', song.length)
    },
  },
]

function filmOf(bytes: Buffer): string {
  return length(mp4Seconds(bytes), 'mp4', bytes.length)
}

async function first(caller: Caller): Promise<string> {
  const body = { model: 'MiniMax-Hailuo-2.3', prompt: 'Waves at night', duration: 6, resolution: '768P' }
  const made = await caller.json('POST', '/v1/video_generation', body)
  let last: Awaited<ReturnType<Caller['json']>> = {}
  await poll(async () => {
    last = await caller.json('GET', `/v1/query/video_generation?task_id=${text(made.task_id)}`)
    return text(last.status)
  })
  const { file } = await caller.json('GET', `/v1/files/retrieve?file_id=${text(last.file_id)}`)
  return filmOf(await download(text(fields(file).download_url)))
}

async function second(caller: Caller): Promise<string> {
  const content = [{ type: 'text', text: 'Waves at night' }]
  const body = { model: 'MiniMax-H3', content, duration: 5, resolution: '768P' }
  const made = await caller.json('POST', '/v2/video_generation', body)
  let task: Awaited<ReturnType<Caller['json']>> = {}
  await poll(async () => {
    const answer = await caller.json('GET', `/v2/query/video_generation/${text(made.task_id)}`)
    task = fields(answer.task)
    return text(task.status)
  })
  check(number(fields(task.usage).output_seconds, 0) > 0, 'the task reports no seconds')
  return filmOf(await download(text(fields(task.content).url)))
}

/** Films: a task each, asked about until it has ended; the film itself comes from the CDN. */
export const video: readonly Step[] = [
  { modality: 'video', about: 'v1', run: first },
  { modality: 'video', about: 'v2', run: second },
]
