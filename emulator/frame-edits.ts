import { isFields, write } from './json.ts'
import type { Fields } from './fields.ts'

/**
 * What may be wrong with the frames of a stream.
 * `empty`: none · `comments`: nothing but comments · `no-usage`: none tells usage · `usage-twice`: a smaller usage
 * stands before the real one · `usage-zero`: one of zeros stands behind it · `no-end`: the frame that says that it ends
 * is missing.
 */
export const FRAME_EDITS = ['empty', 'comments', 'no-usage', 'usage-twice', 'usage-zero', 'no-end'] as const
export type FrameEdit = (typeof FRAME_EDITS)[number]

const END = /^data: \[DONE\]|^event: (message_stop|response\.completed)/
const COUNT =
  /"((?:prompt|completion|input|output|total|cached|reasoning|cache_read_input|cache_creation_input)_tokens|usage_characters|usage_voice_count|success_count|duration)":(?:"?\d+(?:\.\d+)?"?)/g

/** The text with another value in place of every number that tells usage. */
export function withCounts(text: string, json: string): string {
  return text.replace(COUNT, (_all, name: string) => `"${name}":${json}`)
}

/** Changes every usage in a frame; undefined: the frame tells none. */
function changed(frame: string, change: (usage: Fields) => Fields | null): string | undefined {
  const found = /^((?:event: \S+\n)?data: )(\{.*\})(\s*)$/s.exec(frame)
  if (!found) return undefined
  const usages: Fields[] = []
  const value: unknown = JSON.parse(found[2] ?? '', (key, inner: unknown) => {
    if (key !== 'usage' || !isFields(inner)) return inner
    usages.push(inner)
    return change(inner)
  })
  return usages.length > 0 ? `${found[1] ?? ''}${write(value)}${found[3] ?? ''}` : undefined
}

function scaled(usage: Fields, scale: (count: number) => number): Fields {
  return Object.fromEntries(
    Object.entries(usage).map(([name, value]) => {
      if (typeof value === 'number') return [name, scale(value)]
      return [name, isFields(value) ? scaled(value, scale) : value]
    }),
  )
}

/** The frames of a stream with something wrong with them. */
export function edited(frames: readonly string[], edit: FrameEdit): string[] {
  const last = frames.findLastIndex((frame) => changed(frame, (usage) => usage) !== undefined)
  const copyOfLast = (scale: (count: number) => number): string[] => {
    const copy = changed(frames[last] ?? '', (usage) => scaled(usage, scale))
    return copy === undefined ? [] : [copy]
  }
  switch (edit) {
    case 'empty':
      return []
    case 'comments':
      return [': one\n\n', ': two\n\n', ':\n\n']
    case 'no-usage':
      return frames.map((frame) => changed(frame, () => null) ?? frame)
    case 'usage-twice':
      return [
        ...frames.slice(0, last),
        ...copyOfLast((count) => Math.floor(count / 2)),
        ...frames.slice(last),
      ]
    case 'usage-zero':
      return [...frames.slice(0, last + 1), ...copyOfLast(() => 0), ...frames.slice(last + 1)]
    case 'no-end':
      return frames.filter((frame) => !END.test(frame))
  }
}
