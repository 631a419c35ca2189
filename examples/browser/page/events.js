/**
 * The events of a stream (server-sent events), as they come. `EventSource` cannot be used: it can only GET, and send no
 * token.
 * @param {ReadableStream<Uint8Array>} body
 */
export async function* eventsOf(body) {
  let rest = ''
  for await (const text of textsOf(body)) {
    const blocks = (rest + text).split(/\r?\n\r?\n/)
    rest = blocks.pop()
    for (const block of blocks) {
      const event = eventFrom(block)
      if (event !== null) yield event
    }
  }
}

/** Safari reads streams by a reader alone. */
async function* textsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

/** Lines that begin with a colon are comments, which keep the connection open. */
function eventFrom(block) {
  const event = { name: 'message', data: '' }
  const lines = []
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? []
    if (field === 'event') event.name = value
    if (field === 'data') lines.push(value)
  }
  event.data = lines.join('\n')
  return lines.length === 0 ? null : event
}
