import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where recorded and documented bodies of MiniMax are; see their README. */
export const folder =
  process.env.MINIMAX_FIXTURES ?? join(import.meta.dirname, '../../../shared/fixtures/minimax')
export const there = existsSync(folder)
// eslint-disable-next-line no-console -- the comparison must not vanish in silence
if (!there) console.warn(`NO COMPARISON with recorded bodies: ${folder} does not exist (MINIMAX_FIXTURES)`)
