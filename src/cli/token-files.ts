import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from './io.ts'

/** Folders whose files are packed, so that nothing would be found in them: history is read with `git log -p`. */
const SKIPPED = new Set(['.git'])

/** Something to look through. */
export interface Source {
  /** How it is called in what is printed. */
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
}

function unreadable(path: string, error: unknown): CommandError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read'
  return new CommandError('unreadable', `${path}: ${reason}`)
}

async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(path)) if (piece instanceof Uint8Array) yield piece
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function* entriesOf(path: string): AsyncGenerator<Source> {
  const entries = await readdir(path, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inside = join(path, entry.name)
    // Links are not followed: they may lead in circles, or out of what was named.
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* entriesOf(inside)
    else if (entry.isFile()) yield { name: inside, bytes: piecesOf(inside) }
  }
}

/**
 * The files that a path names: itself, or all below it.
 * @throws CommandError when it cannot be read; so does reading the bytes
 */
export async function* filesOf(path: string): AsyncGenerator<Source> {
  try {
    if ((await stat(path)).isDirectory()) yield* entriesOf(path)
    else yield { name: path, bytes: piecesOf(path) }
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(path, error)
  }
}
