const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g

/** Whether no object in a valid JSON text names a member twice, however the names are escaped, and none nests too deep. */
function isPlain(text: string, maxDepth: number): boolean {
  /** The names of each object that is open; null: a list is. */
  const open: (Set<unknown> | null)[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : null)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      const names = open.at(-1)
      const name: unknown = JSON.parse(last)
      if (names?.has(name) === true) return false
      names?.add(name)
    }
    if (open.length > maxDepth) return false
    last = token
  }
  return true
}

/**
 * A JSON text that every parser reads alike: UTF-8 without a byte order mark, no name twice in one object, not nested
 * deeper than said. What one part of a system reads in a duplicate, another does not (RFC 8259, section 4).
 * @returns undefined when it is no such text
 */
export function strictJson(bytes: Uint8Array, maxDepth: number): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    return isPlain(text, maxDepth) ? value : undefined
  } catch {
    // Not UTF-8, or not JSON: there is nothing more to say of it.
    return undefined
  }
}
