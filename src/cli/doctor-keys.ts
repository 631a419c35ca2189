import { Upstream } from '../proxy/upstream.ts'
import { ask } from '../proxy/ask.ts'
import { probe, type ProbeAnswer } from '../proxy/key-probe.ts'
import { readConfig } from './check-config.ts'
import type { Io } from './io.ts'

/** What MiniMax says of one key. */
export interface KeyFinding {
  readonly check: string
  readonly ok: boolean
  readonly detail: string
}

/** How long MiniMax may take. */
const TIMEOUT_MS = 15_000

/** What MiniMax's answer means; its own texts are not shown. */
function wordsOf({ result, status, code }: ProbeAnswer): string {
  const by = code === undefined ? '' : ` (code ${code})`
  if (result === 'good') return `works${by}`
  if (result === 'bad') return `is not accepted by MiniMax${by}. Check it in MiniMax's console, or replace it`
  return status === 0
    ? 'could not be checked: MiniMax does not answer. Check MINIMAX_BASE_URL and the network'
    : `could not be checked: MiniMax answers with HTTP ${status}${by}. Try again later`
}

/**
 * Asks MiniMax about each key of the settings and their files, free of charge. Keys that the admin API has added are
 * asked about by the gateway itself: see `keys list`.
 * @returns a finding for each; none where the configuration is not right
 */
export async function keyFindings({ env }: Io): Promise<readonly KeyFinding[]> {
  const read = await readConfig(env)
  if (!('config' in read)) return []
  const { config } = read
  const upstream = new Upstream({
    baseUrl: config.minimaxBaseUrl,
    connectTimeoutMs: config.upstreamConnectTimeout,
    connections: config.upstreamConnections,
    caFile: config.minimaxCaFile,
  })
  try {
    return await Promise.all(
      config.upstreamKeys.map(async ({ name, account, key }) => {
        const answer = await probe(
          (operation, path, sent) =>
            ask(upstream, { operation, path, key: sent }, AbortSignal.timeout(TIMEOUT_MS)),
          'key',
          { name, account, authorization: `Bearer ${key.reveal()}` },
        )
        const detail = `of account ${account} ${wordsOf(answer)}`
        return { check: `upstream key ${name}`, ok: answer.result === 'good', detail }
      }),
    )
  } finally {
    await upstream.close()
  }
}
