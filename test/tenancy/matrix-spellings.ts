/** What an attempt has to name: another's object where an own one belongs. */
export interface Naming {
  /** The name of the field or parameter. */
  readonly field: string
  readonly foreign: string
  readonly own: string
}

const quoted = (text: string): string => JSON.stringify(text)
const escaped = (text: string): string =>
  Array.from(text, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const wide = (text: string): string =>
  text.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
const pair = (field: string, value: string): string => `${quoted(field)}:${value}`

/** Strings that a tolerant reader might take for the id. */
const STRINGS: Readonly<Record<string, (id: string, own: string) => string>> = {
  'as it is': (id) => id,
  'with leading zeros': (id) => `00${id}`,
  'after a space': (id) => ` ${id}`,
  'before a space': (id) => `${id} `,
  'before a newline': (id) => `${id}\n`,
  'after a tab': (id) => `\t${id}`,
  'before a NUL': (id) => `${id}\0`,
  'after a NUL': (id) => `\0${id}`,
  'after a byte order mark': (id) => `\ufeff${id}`,
  'after a no-break space': (id) => `\u00a0${id}`,
  'before a zero-width space': (id) => `${id}\u200b`,
  'as a float in a string': (id) => `${id}.0`,
  'with an exponent in a string': (id) => `${id}e0`,
  'with a plus': (id) => `+${id}`,
  'in quotes': (id) => `"${id}"`,
  'in single quotes': (id) => `'${id}'`,
  'in wide digits': wide,
  'in upper case': (id) => (id === id.toUpperCase() ? `${id}N` : id.toUpperCase()),
  'percent-encoded': (id) => `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`,
  'with a path': (id) => `./${id}`,
  'up from the own': (id, own) => `${own}/../${id}`,
  'after the own and a comma': (id, own) => `${own},${id}`,
  'before the own and a comma': (id, own) => `${id},${own}`,
  'after the own and a NUL': (id, own) => `${own}\0${id}`,
  'after the own and a newline': (id, own) => `${own}\n${id}`,
  'as a parameter of the own': (id, own) => `${own}?file_id=${id}`,
  'as a reference': (id) => `mm_file://${id}`,
  'as JSON in a string': (id) => `{"id":"${id}"}`,
}

/** Values of JSON, as text. */
const VALUES: Readonly<Record<string, (id: string, own: string) => string>> = {
  'in an array': (id) => `[${quoted(id)}]`,
  'in an array after the own': (id, own) => `[${quoted(own)},${quoted(id)}]`,
  'in two arrays': (id) => `[[${quoted(id)}]]`,
  'in an object': (id) => `{"id":${quoted(id)}}`,
  'in an object as text': (id) => `{"value":${quoted(id)},"text":${quoted(id)}}`,
  'as the name of a field': (id) => `{${quoted(id)}:1}`,
  'with every character escaped': (id) => `"${escaped(id)}"`,
  'with one character escaped': (id) => `"${escaped(id.charAt(0))}${id.slice(1)}"`,
}

/** Numbers: of ids that are digits. */
const NUMBERS: Readonly<Record<string, (id: string) => string>> = {
  'as a number': (id) => id,
  'as a float': (id) => `${id}.0`,
  'as a float with a rest': (id) => `${id}.4`,
  'with an exponent': (id) => `${id}e0`,
  'with a negative exponent': (id) => `${id}0e-1`,
  'in scientific form': (id) => `${id.charAt(0)}.${id.slice(1)}e${id.length - 1}`,
  'as a negative number': (id) => `-${id}`,
  'with leading zeros as a number': (id) => `00${id}`,
  'in an array as a number': (id) => `[${id}]`,
  'in an object as a number': (id) => `{"id":${id}}`,
}

type Fields = (naming: Naming) => string

/** Names of the field, and several fields. */
const FIELDS: Readonly<Record<string, Fields>> = {
  'in upper case of the field': ({ field, foreign }) => pair(field.toUpperCase(), quoted(foreign)),
  'in a capital of the field': ({ field, foreign }) => pair(capital(field), quoted(foreign)),
  'with a Kelvin sign or a long s': ({ field, foreign }) =>
    pair(
      field === field.replace(/s|k/, '') ? capital(field) : field.replace('s', 'ſ').replace('k', 'K'),
      quoted(foreign),
    ),
  'after the own in upper case': ({ field, foreign, own }) =>
    `${pair(field, quoted(own))},${pair(field.toUpperCase(), quoted(foreign))}`,
  'before the own in upper case': ({ field, foreign, own }) =>
    `${pair(field.toUpperCase(), quoted(foreign))},${pair(field, quoted(own))}`,
  'with an escaped field': ({ field, foreign }) => `"${escaped(field)}":${quoted(foreign)}`,
  'with one character of the field escaped': ({ field, foreign }) =>
    `"${escaped(field.charAt(0))}${field.slice(1)}":${quoted(foreign)}`,
  'twice, the own first': ({ field, foreign, own }) =>
    `${pair(field, quoted(own))},${pair(field, quoted(foreign))}`,
  'twice, the own last': ({ field, foreign, own }) =>
    `${pair(field, quoted(foreign))},${pair(field, quoted(own))}`,
  'twice, the second escaped': ({ field, foreign, own }) =>
    `${pair(field, quoted(own))},"${escaped(field)}":${quoted(foreign)}`,
  'twice, the first null': ({ field, foreign }) => `${pair(field, 'null')},${pair(field, quoted(foreign))}`,
  'twice, the last empty': ({ field, foreign }) => `${pair(field, quoted(foreign))},${pair(field, '""')}`,
  'with space around': ({ field, foreign }) => `\n\t "${field}" \r\n:\t ${quoted(foreign)} \n`,
  'in a prototype': ({ field, foreign, own }) =>
    `${pair(field, quoted(own))},"__proto__":{${pair(field, quoted(foreign))}}`,
}

/** Ways to write a pair of a name and an id into a JSON object. */
export function pairSpellings(isNumber: boolean): readonly (readonly [string, Fields])[] {
  const of = (
    table: Readonly<Record<string, (id: string, own: string) => string>>,
    text: (one: string) => string,
  ) =>
    Object.entries(table).map(([name, spell]): readonly [string, Fields] => [
      name,
      ({ field, foreign, own }) => pair(field, text(spell(foreign, own))),
    ])
  const same = (one: string): string => one
  return [
    ...of(STRINGS, quoted),
    ...of(VALUES, same),
    ...(isNumber ? of(NUMBERS, same) : []),
    ...Object.entries(FIELDS),
  ]
}

const encoded = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const plain = (text: string): string => encodeURIComponent(text)

/** Queries that name the foreign id. */
const QUERIES: Readonly<Record<string, Fields>> = {
  ...Object.fromEntries(
    Object.entries(STRINGS).map(([name, spell]): [string, Fields] => [
      name,
      ({ field, foreign, own }) => `${field}=${plain(spell(foreign, own))}`,
    ]),
  ),
  'every character percent-encoded': ({ field, foreign }) => `${field}=${encoded(foreign)}`,
  'percent-encoded twice': ({ field, foreign }) => `${field}=${plain(encoded(foreign))}`,
  'with an encoded parameter': ({ field, foreign }) => `${encoded(field)}=${plain(foreign)}`,
  'twice, the own first': ({ field, foreign, own }) => `${field}=${plain(own)}&${field}=${plain(foreign)}`,
  'twice, the own last': ({ field, foreign, own }) => `${field}=${plain(foreign)}&${field}=${plain(own)}`,
  'twice, one encoded': ({ field, foreign, own }) =>
    `${field}=${plain(own)}&${encoded(field)}=${encoded(foreign)}`,
  'twice, one empty': ({ field, foreign }) => `${field}=&${field}=${plain(foreign)}`,
  'before a semicolon': ({ field, foreign, own }) => `${field}=${plain(foreign)};${field}=${plain(own)}`,
  'with a plus for a space': ({ field, foreign }) => `${field}=+${plain(foreign)}`,
  'with a broken escape': ({ field, foreign }) => `${field}=${plain(foreign)}%`,
  'with overlong bytes': ({ field, foreign }) => `${field}=${plain(foreign)}%c0%80`,
  'behind empty parameters': ({ field, foreign }) => `&&${field}=${plain(foreign)}`,
}

/** Queries whose parameters are none of the API's, and are left out: the call goes on without them. */
const DROPPED: Readonly<Record<string, Fields>> = {
  'in upper case of the parameter': ({ field, foreign, own }) =>
    `${field}=${plain(own)}&${field.toUpperCase()}=${plain(foreign)}`,
  'before, in upper case': ({ field, foreign, own }) =>
    `${field.toUpperCase()}=${plain(foreign)}&${field}=${plain(own)}`,
  'as an array': ({ field, foreign, own }) => `${field}=${plain(own)}&${field}[]=${plain(foreign)}`,
  'as an encoded array': ({ field, foreign, own }) =>
    `${field}=${plain(own)}&${field}%5B%5D=${plain(foreign)}`,
  'as an element': ({ field, foreign, own }) => `${field}=${plain(own)}&${field}[0]=${plain(foreign)}`,
  'with a NUL in the parameter': ({ field, foreign, own }) =>
    `${field}=${plain(own)}&${field}%00=${plain(foreign)}`,
  'with a space in the parameter': ({ field, foreign, own }) =>
    `${field}=${plain(own)}&+${field}=${plain(foreign)}`,
  'as another parameter': ({ field, foreign, own }) => `id=${plain(foreign)}&${field}=${plain(own)}`,
  'alone, in upper case': ({ field, foreign }) => `${field.toUpperCase()}=${plain(foreign)}`,
  'alone, as an array': ({ field, foreign }) => `${field}[]=${plain(foreign)}`,
}

export const querySpellings = Object.entries(QUERIES)
export const droppedSpellings = Object.entries(DROPPED)

/** Last segments of a path that name the foreign id. */
export const pathSpellings: readonly (readonly [string, Fields])[] = Object.entries({
  ...Object.fromEntries(
    Object.entries(STRINGS).map(([name, spell]): [string, Fields] => [
      name,
      ({ foreign, own }) => plain(spell(foreign, own)),
    ]),
  ),
  'every character percent-encoded': ({ foreign }) => encoded(foreign),
  'percent-encoded twice': ({ foreign }) => plain(encoded(foreign)),
  'before a slash': ({ foreign }) => `${plain(foreign)}/`,
  'after a slash': ({ foreign }) => `/${plain(foreign)}`,
  'after a dot': ({ foreign }) => `./${plain(foreign)}`,
  'up from the own, as it is': ({ foreign, own }) => `${plain(own)}/../${plain(foreign)}`,
  'up from the own, encoded': ({ foreign, own }) => `${plain(own)}%2f%2e%2e%2f${plain(foreign)}`,
  'after a backslash': ({ foreign }) => `%5c${plain(foreign)}`,
  'before a semicolon': ({ foreign }) => `${plain(foreign)};x=1`,
  'before a query': ({ foreign }) => `${plain(foreign)}?task_id=1`,
  'before a fragment': ({ foreign }) => `${plain(foreign)}#x`,
  'with an ending': ({ foreign }) => `${plain(foreign)}.json`,
} satisfies Record<string, Fields>)

/** An id that nobody ever had, of the same form and length. */
export function neverLike(name: string): string {
  const first = /\d/.exec(name)?.index ?? 0
  return name.replace(/\d/g, (digit, at: number) =>
    at === first ? String((Number(digit) % 9) + 1) : String((Number(digit) + 3) % 10),
  )
}
