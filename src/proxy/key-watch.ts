import { watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'
import type { Timer } from '../lib/timer.ts'

export interface FolderWatchOptions {
  /** Files whose folders are watched: a file that is put in the place of another tells of itself only there. */
  readonly paths: readonly string[]
  readonly timer: Timer
  /** Called when something may have changed, never often; whoever is called finds out what. Must not throw. */
  readonly changed: () => void
  /** Told when a folder cannot be watched, which is looked at every half minute all the same. Must not throw. */
  readonly failed: (error: unknown) => void
}

/** A change comes as several events. */
const SETTLE_MS = 200
/** Some file systems, those of networks above all, tell of nothing. */
const LOOK_MS = 30_000

/** Watches the folders of files, also where they are swapped by symbolic links, as those of Kubernetes are. */
export class FolderWatch {
  readonly #options: FolderWatchOptions
  readonly #watchers: FSWatcher[] = []
  #cancelSettle: (() => void) | null = null
  #cancelLook: (() => void) | null = null

  constructor(options: FolderWatchOptions) {
    this.#options = options
  }

  start(): void {
    const { paths, failed } = this.#options
    for (const folder of new Set(paths.map((path) => dirname(path)))) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#settle())
        watcher.on('error', failed)
        this.#watchers.push(watcher)
      } catch (error) {
        failed(error)
      }
    }
    if (paths.length > 0) this.#look()
  }

  #settle(): void {
    this.#cancelSettle?.()
    this.#cancelSettle = this.#options.timer(() => {
      this.#cancelSettle = null
      this.#options.changed()
    }, SETTLE_MS)
  }

  #look(): void {
    this.#cancelLook = this.#options.timer(() => {
      this.#options.changed()
      this.#look()
    }, LOOK_MS)
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close()
    this.#cancelSettle?.()
    this.#cancelLook?.()
  }
}
