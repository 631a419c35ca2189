/** A size for people: `742 B`, `19 KB`, `1.2 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const kilobytes = bytes / 1000
  if (kilobytes < 1000) return `${kilobytes < 10 ? kilobytes.toFixed(1) : Math.round(kilobytes)} KB`
  return `${(kilobytes / 1000).toFixed(1)} MB`
}

/** A length of audio or video for people. */
export function length(seconds: number, of: string, bytes: number): string {
  return `${seconds.toFixed(1)} s of ${of}, ${size(bytes)}`
}

/** A duration for people. */
export function took(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}

/** A quotation of at most 36 characters. */
export function quote(said: string): string {
  const short = said.length > 36 ? `${said.slice(0, 35)}…` : said
  return `“${short.replaceAll('\n', ' ')}”`
}

/**
 * A table in plain text: the columns as wide as they must be, the first row its head.
 * @param right numbers of the columns that are set to the right
 */
export function table(rows: readonly (readonly string[])[], right: ReadonlySet<number>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return right.has(column) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const [head = [], ...body] = rows
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return [line(head), rule, ...body.map(line)].join('\n')
}
