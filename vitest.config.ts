import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Every gateway that a test starts has a thread of its own, whose modules would be compiled anew each time.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'node')

/** Tests of what holds no state of its own: they share the modules of their process, which saves loading them a hundred times. */
const PURE = ['abuse', 'config', 'lib', 'limits', 'metrics', 'minimax'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
)

const shared = {
  pool: 'forks',
  testTimeout: 30_000,
  hookTimeout: 30_000,
} as const

export default defineConfig({
  test: {
    // Tests wait for sockets and disks more than they compute.
    maxWorkers: availableParallelism(),
    projects: [
      { test: { ...shared, name: 'pure', include: PURE, isolate: false } },
      { test: { ...shared, name: 'whole', include: ['test/**/*.test.ts'], exclude: PURE } },
    ],
  },
})
