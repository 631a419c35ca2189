import { readFileSync } from 'node:fs'
import { encryptionKeysOf } from '../config/encryption-keys.ts'
import { readKeyFiles } from '../config/key-files.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Timer } from '../lib/timer.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { OPERATIONS } from '../minimax/catalog.ts'
import { objectsOf } from '../minimax/objects.ts'
import { ask } from '../proxy/ask.ts'
import { KeyProber } from '../proxy/key-probe.ts'
import { KeyRing } from '../proxy/key-ring.ts'
import { KeySeal } from '../proxy/key-seal.ts'
import { KeySecrets } from '../proxy/key-secrets.ts'
import { FolderWatch } from '../proxy/key-watch.ts'
import { UpstreamKeys } from '../proxy/keys.ts'
import { SecretForms } from '../proxy/secrets.ts'
import type { Upstream } from '../proxy/upstream.ts'
import type { Store, Task } from '../store/store.ts'

/** How long MiniMax may take to say whether it knows a key. */
const PROBE_MS = 15_000
/** For at least so long answers to a key that is gone are looked through for it. */
const LEAST_KEPT_MS = 3_600_000
const LONGEST_OPERATION_MS = Math.max(...OPERATIONS.map(({ timeouts }) => timeouts.total))

/** The keys for MiniMax, and what keeps them right. */
export interface Keys {
  readonly keys: UpstreamKeys
  readonly secrets: SecretForms
  readonly ring: KeyRing
  /** On which account a task is, as the objects of its user say; for tasks of keys that are not there any more. */
  accountOf(task: Task): Promise<string | undefined>
  /** Reads the files of keys again. Never rejects: a file that is wrong changes nothing, and is told of. */
  reload(): Promise<void>
  /** Asks about refused keys and watches the files, from now on. */
  start(): void
  close(): Promise<void>
}

export interface KeysParts {
  readonly config: Config
  readonly store: Pick<Store, 'upstreamKeys' | 'objects'>
  readonly upstream: Upstream
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
  readonly timer: Timer
}

/** Opens the keys: those of the settings and files, and those of the store. */
export async function openKeys(parts: KeysParts): Promise<Keys> {
  const { config, store, metrics, logger, clock, timer } = parts
  const keys = new UpstreamKeys([], { clock, retryMs: config.upstreamKeyRetry })
  const secrets = new SecretForms([])
  const keptMs = Math.max(
    LEAST_KEPT_MS,
    config.streamMaxDuration,
    config.websocketMaxDuration,
    LONGEST_OPERATION_MS,
  )
  const ring = new KeyRing({
    keys,
    secrets: new KeySecrets(secrets, clock, keptMs + PROBE_MS),
    store: store.upstreamKeys,
    seal:
      config.keyEncryptionKey === undefined
        ? null
        : new KeySeal(encryptionKeysOf(config.keyEncryptionKey.reveal())),
    clock,
    unreadable: (key, error) =>
      logger.error({ err: error, key }, 'a stored upstream key cannot be opened; it is not used'),
    shadowed: (key) =>
      logger.warn({ key }, 'a stored upstream key has the name of one in the settings, which is used'),
  })
  const names = await ring.open(config.upstreamKeys)
  if (names.length === 0)
    logger.warn('there is no upstream key: calls are refused until one is added by the admin API')
  metrics.keys.watch(() => keys.all)
  const prober = openProber(parts, keys)
  const reload = reloading(parts, ring)
  const paths = config.upstreamKeyFiles.map(({ path }) => path)
  const watch = new FolderWatch({
    paths,
    timer,
    changed: () => void reload(),
    failed: (error) =>
      logger.warn(
        { err: error },
        'the files of upstream keys cannot be watched; they are looked at now and then',
      ),
  })
  return {
    keys,
    secrets,
    ring,
    reload,
    accountOf: (task) => accountOf(parts, task),
    start() {
      prober.start()
      watch.start()
    },
    async close() {
      watch.close()
      await prober.stop()
    },
  }
}

function openProber({ config, upstream, logger, clock, timer }: KeysParts, keys: UpstreamKeys): KeyProber {
  return new KeyProber({
    slots: () => keys.all,
    ask: (operation, path, key) => ask(upstream, { operation, path, key }, AbortSignal.timeout(PROBE_MS)),
    groupId: config.minimaxGroupId,
    clock,
    timer,
    onAnswer: (key, kind, { result, status, code }) =>
      logger[result === 'good' ? 'info' : 'warn'](
        { key, asked: kind, result, status, providerCode: code },
        'asked MiniMax about an upstream key that it had refused',
      ),
  })
}

function reloading({ config, metrics, logger }: KeysParts, ring: KeyRing): () => Promise<void> {
  let problem = ''
  return async () => {
    try {
      const read = (path: string): string => readFileSync(path, 'utf8')
      const changed = await ring.reload(readKeyFiles(config.upstreamKeys, config.upstreamKeyFiles, read))
      problem = ''
      if (!changed) return
      metrics.keys.reloaded('applied')
      logger.info({ keys: ring.list().map(({ name }) => name) }, 'the upstream keys have changed')
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown'
      // Looked at again and again, told once.
      if (message === problem) return
      problem = message
      metrics.keys.reloaded('refused')
      logger.error({ problem: message }, 'the files of upstream keys are refused; the keys stay as they were')
    }
  }
}

async function accountOf({ store, clock }: KeysParts, task: Task): Promise<string | undefined> {
  for (const { kind } of objectsOf(task.operation).makes) {
    const object = await store.objects.find(task.userId, kind, task.taskId, clock.now())
    if (object !== undefined) return object.account
  }
  return undefined
}
