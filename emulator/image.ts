import { billed } from './answer.ts'
import { invalid } from './errors.ts'
import { traceId } from './ids.ts'
import { json, number, SUCCESS, text } from './json.ts'
import { png } from './media/png.ts'
import type { Answer, Call } from './types.ts'

const RATIOS: Record<string, [number, number]> = {
  '1:1': [64, 64],
  '16:9': [64, 36],
  '4:3': [64, 48],
  '3:2': [66, 44],
  '2:3': [44, 66],
  '3:4': [48, 64],
  '9:16': [36, 64],
  '21:9': [84, 36],
}

/**
 * POST /v1/image_generation (platform docs: Image generation). Real but small PNGs, one per `n`; the counts are
 * strings as in the documented example.
 */
export function image(call: Call): Answer {
  const { body, world } = call
  const model = text(body.model)
  if (!/^(image-01(-live)?|scenario:.*)$/.test(model)) {
    throw invalid(model === '' ? 'model is required' : `unknown model '${model}'`)
  }
  const prompt = text(body.prompt)
  if (prompt === '') throw invalid('prompt is required')
  if (Array.from(prompt).length > 1500) throw invalid('prompt is too long')
  const n = number(body.n, 1)
  if (!Number.isInteger(n) || n < 1 || n > 9) throw invalid('n must be between 1 and 9')
  const [width, height] = RATIOS[text(body.aspect_ratio, '1:1')] ?? [64, 64]
  const pictures = Array.from({ length: n }, (_, i) =>
    png(width, height, number(body.seed, prompt.length) + i),
  )
  const data =
    text(body.response_format, 'url') === 'base64'
      ? { image_base64: pictures.map((picture) => picture.toString('base64')) }
      : { image_urls: pictures.map((picture) => world.publish('image.png', 'image/png', picture)) }
  const metadata = { failed_count: '0', success_count: n.toString() }
  return billed(json({ id: traceId(), data, metadata, base_resp: SUCCESS }), { images: n })
}
