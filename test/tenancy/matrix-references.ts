const quoted = (text: string): string => JSON.stringify(text)
const escapedFirst = (text: string): string => `\\u00${text.charCodeAt(0).toString(16)}${text.slice(1)}`

/** Strings of JSON, quotes included, that refer to a file or nearly do. */
export const referenceSpellings: Readonly<Record<string, (id: string) => string>> = {
  'as it is': (id) => quoted(`mm_file://${id}`),
  'in upper case': (id) => quoted(`MM_FILE://${id}`),
  'in mixed case': (id) => quoted(`Mm_fIlE://${id}`),
  'with its first letter escaped': (id) => `"${escapedFirst(`mm_file://${id}`)}"`,
  'with its underscore escaped': (id) => `"mm\\u005ffile://${id}"`,
  'with its colon escaped': (id) => `"mm_file\\u003A//${id}"`,
  'with escaped slashes': (id) => `"mm_file:\\/\\/${id}"`,
  'with slashes escaped as characters': (id) => `"mm_file:\\u002f\\u002f${id}"`,
  'with an escaped digit': (id) => `"mm_file://${escapedFirst(id)}"`,
  'after a space': (id) => quoted(` mm_file://${id}`),
  'after a newline': (id) => quoted(`\nmm_file://${id}`),
  'after a NUL': (id) => quoted(`\0mm_file://${id}`),
  'after a no-break space': (id) => quoted(`\u00a0mm_file://${id}`),
  'after a byte order mark': (id) => quoted(`\ufeffmm_file://${id}`),
  'after a zero-width space': (id) => quoted(`\u200bmm_file://${id}`),
  'before a space': (id) => quoted(`mm_file://${id} `),
  'with a third slash': (id) => quoted(`mm_file:///${id}`),
  'without slashes': (id) => quoted(`mm_file:${id}`),
  'with one slash': (id) => quoted(`mm_file:/${id}`),
  'with backslashes': (id) => quoted(`mm_file:\\\\${id}`),
  'with a host': (id) => quoted(`mm_file://host/${id}`),
  'with a query': (id) => quoted(`mm_file://${id}?x=1`),
  'with a fragment': (id) => quoted(`mm_file://${id}#x`),
  'with a slash at its end': (id) => quoted(`mm_file://${id}/`),
  'with leading zeros': (id) => quoted(`mm_file://00${id}`),
  'with a space before the id': (id) => quoted(`mm_file:// ${id}`),
  'percent-encoded': (id) => quoted(`mm_file://%3${id}`),
  'with somebody before it': (id) => quoted(`mm_file://me@${id}`),
}

type Put = (body: string, reference: string) => string

const add =
  (pair: (reference: string) => string): Put =>
  (body, reference) =>
    `${body.slice(0, -1)},${pair(reference)}}`

/** Puts a string into a body. What the operation does not know goes upstream as well. */
export const referencePlaces: Readonly<Record<string, Put>> = {
  'in a field': add((reference) => `"input_video":${reference}`),
  'in the first field': (body, reference) => `{"first_frame_image":${reference},${body.slice(1)}`,
  'in a list': add((reference) => `"reference_images":["x",${reference}]`),
  'in image_url.url': add(
    (reference) =>
      `"extra":[{"role":"user","content":[{"type":"image_url","image_url":{"url":${reference}}}]}]`,
  ),
  'in video_url.url': add((reference) => `"extra":[{"type":"video_url","video_url":{"url":${reference}}}]`),
  'in source.url': add(
    (reference) => `"extra":[{"content":[{"type":"image","source":{"type":"url","url":${reference}}}]}]`,
  ),
  'in a tool result': add(
    (reference) =>
      `"extra":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"video","source":{"type":"url","url":${reference}}}]}]}]`,
  ),
  'as the name of a field': add((reference) => `"extra":{${reference}:1}`),
  'very deep': add((reference) => `"extra":${'['.repeat(40)}${reference}${']'.repeat(40)}`),
}
