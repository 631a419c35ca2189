import { verify } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GatewayError } from '../errors.ts'
import type { GitHubKeys } from './github-keys.ts'
import type { Leak } from './reports.ts'

/** Matches that are looked up in one go; requests get in between. */
const SLICE = 50
const MAX_URL = 2_000
/** Names of keys, and signatures of P-256 in base64 (at most 72 bytes). */
const KEY_ID = /^[0-9A-Za-z_-]{1,128}$/
const SIGNATURE = /^[0-9A-Za-z+/]{8,100}={0,2}$/

/** One secret that was found, as GitHub tells of it. */
interface Match {
  readonly token: string
  readonly type: string
  readonly url: string | null
  readonly source: string
}

/** What GitHub is answered about one match: it counts whether its finds are right. */
export interface Label {
  /** As GitHub sent it. Its other form, a hash, has no documented encoding. */
  readonly token_raw: string
  readonly token_type: string
  readonly label: 'true_positive' | 'false_positive'
}

/** A report as it came. */
export interface SignedReport {
  /** Of `Github-Public-Key-Identifier` and `Github-Public-Key-Signature`; undefined: there was none. */
  readonly keyId: string | undefined
  readonly signature: string | undefined
  /** The bytes as they came, before any parsing: they are what is signed. */
  readonly body: Buffer
}

export interface GitHubScanningOptions {
  readonly keys: Pick<GitHubKeys, 'find' | 'isReady'>
  /** The token of a text, also one that is revoked; undefined when there is none. */
  readonly findToken: (
    text: string,
  ) => Promise<{ readonly tokenId: string; readonly userId: string } | undefined>
  /** Does what follows from a leak. Never rejects. */
  readonly report: (leak: Leak) => Promise<void>
}

/** A signature that is missing or wrong. */
export class SignatureError extends GatewayError {
  constructor() {
    super('invalid_request', 'The signature is not right.')
  }
}

/** @throws SignatureError; GatewayError `store_unavailable` when no keys are there to know it by */
async function checkSignature(
  { keyId, signature, body }: SignedReport,
  keys: GitHubScanningOptions['keys'],
): Promise<void> {
  if (keyId === undefined || signature === undefined) throw new SignatureError()
  if (!KEY_ID.test(keyId) || !SIGNATURE.test(signature)) throw new SignatureError()
  const key = await keys.find(keyId)
  if (key === undefined) {
    if (keys.isReady) throw new SignatureError()
    throw new GatewayError('store_unavailable', 'The signature cannot be verified now; try again later.')
  }
  if (!verify('sha256', body, key, Buffer.from(signature, 'base64'))) throw new SignatureError()
}

function textIn(item: object, name: string): string | undefined {
  const value: unknown = Reflect.get(item, name)
  return typeof value === 'string' ? value : undefined
}

/** Where it was found, as far as that can be shown: no other text, and never the token itself. */
function placeOf(url: string | undefined, token: string): string | null {
  if (url === undefined || url.length > MAX_URL || url.includes(token)) return null
  return /^https?:\/\/[\x21-\x7e]+$/.test(url) ? url : null
}

/** Which part of GitHub it was found in: a word of theirs, such as `gist_content`. */
function sourceOf(source: string | undefined): string {
  return source !== undefined && /^[A-Za-z_]{1,40}$/.test(source)
    ? `github/${source.toLowerCase()}`
    : 'github'
}

/** @throws GatewayError `invalid_json`, `invalid_request` */
function matchesIn(body: Buffer): readonly Match[] {
  let document: unknown
  try {
    document = JSON.parse(body.toString())
  } catch (error) {
    throw new GatewayError('invalid_json', undefined, { cause: error })
  }
  if (!Array.isArray(document)) throw new GatewayError('invalid_request', 'The body must be a list.')
  const items: readonly unknown[] = document
  return items.flatMap((item) => {
    if (typeof item !== 'object' || item === null) return []
    const [token, type] = [textIn(item, 'token'), textIn(item, 'type')]
    // The others of the list may be leaks: one that cannot be read is left out.
    if (token === undefined || type === undefined) return []
    return [
      { token, type, url: placeOf(textIn(item, 'url'), token), source: sourceOf(textIn(item, 'source')) },
    ]
  })
}

/** Takes in reports of secrets that GitHub found, as its secret scanning partner program defines them. */
export class GitHubScanning {
  readonly #options: GitHubScanningOptions

  constructor(options: GitHubScanningOptions) {
    this.#options = options
  }

  /**
   * Verifies a report, does what follows from each leak, and says which of the matches were tokens.
   * @throws SignatureError; GatewayError `invalid_json`, `invalid_request`, `store_unavailable` (nothing was done then),
   * and whatever `findToken` rejects with (GitHub may send it again: what was reported already changes nothing)
   */
  async receive(report: SignedReport): Promise<readonly Label[]> {
    await checkSignature(report, this.#options.keys)
    const labels: Label[] = []
    const told = new Set<string>()
    for (const { token, type, url, source } of matchesIn(report.body)) {
      const owner = await this.#options.findToken(token)
      if (owner !== undefined && !told.has(owner.tokenId)) {
        told.add(owner.tokenId)
        await this.#options.report({ ...owner, url, source })
      }
      const label = owner === undefined ? 'false_positive' : 'true_positive'
      labels.push({ token_raw: token, token_type: type, label })
      if (labels.length % SLICE === 0) await nextTurn()
    }
    return labels
  }
}
