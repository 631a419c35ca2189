import fc from 'fast-check'

/** JSON texts as no serialiser writes them: with spaces anywhere, names and strings in escapes, numbers of any length. */

/** Names that documents and paths are made of; none that JavaScript would put in another order. */
export const NAMES = ['id', 'file_id', 'voice_setting', 'items', 'task', 'ä😀'] as const

const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 2 })

function escaped(text: string): string {
  return Array.from(
    { length: text.length },
    (_, at) => String.raw`\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')
}

/** @returns texts of a string, with some of its characters in escapes */
export function spelt(text: string): fc.Arbitrary<string> {
  const characters = Array.from(text)
  return fc
    .array(fc.boolean(), { minLength: characters.length, maxLength: characters.length })
    .map((flags) => {
      const parts = characters.map((one, at) =>
        flags[at] === true ? escaped(one) : JSON.stringify(one).slice(1, -1),
      )
      return `"${parts.join('')}"`
    })
}

const content = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', '"', '\\', '/', '\n', 'é', '你', '😀', '{', ']', ','),
    maxLength: 60,
  }),
  fc.constantFrom('', 'x'.repeat(70), '\\'.repeat(40), 'file_id'),
)

const digits = fc.string({ unit: fc.constantFrom('1', '0', '9'), minLength: 1, maxLength: 30 })
/** A plain integer is one that JSON.parse makes an integer of zero or more. */
const number = fc.oneof(
  digits.map((text) => `1${text}`),
  digits.map((text) => `-1.${text}`),
  fc.constantFrom('0', '0.5E-7', '-2e+3', '1e400'),
)
/** Texts of values that are mostly no objects and no arrays. */
export const scalar = fc.oneof(
  { weight: 3, arbitrary: content.chain(spelt) },
  { weight: 3, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom('null', 'true', 'false', '{}', '[]') },
)

function between(open: string, parts: readonly string[], close: string, spaces: readonly string[]): string {
  const [before = '', after = ''] = spaces
  const inner = parts.map((part) => `${before}${part}${after}`).join(',')
  return `${open}${parts.length === 0 ? after : inner}${close}`
}

/** @returns texts of objects with fields of these names, and with these values among others */
export function objectTexts(
  names: readonly string[],
  values: fc.Arbitrary<string> = scalar,
): fc.Arbitrary<string> {
  const spaces = fc.tuple(space, space)
  const { object } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      { weight: 2, arbitrary: values },
      { weight: 3, arbitrary: tie('object') },
      { weight: 2, arbitrary: tie('array') },
    ),
    array: fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), spaces)
      .map(([parts, around]) => between('[', parts, ']', around)),
    object: fc
      .uniqueArray(fc.constantFrom(...names), { maxLength: 5 })
      .chain((chosen) =>
        fc.tuple(
          fc.tuple(...chosen.map((name) => fc.tuple(spelt(name), space, space, tie('value')))),
          spaces,
        ),
      )
      .map(([fields, around]) => {
        const parts = fields.map(([name, before, after, value]) => `${name}${before}:${after}${value}`)
        return between('{', parts, '}', around)
      }),
  }))
  return fc.tuple(space, object, space).map((parts) => parts.join(''))
}

/** @returns whether it is a JSON object to JSON.parse */
export function isObjectText(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}

/** @returns whether it is an object and no array */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
