import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const CIPHER = 'aes-256-gcm'
const VERSION = 'v1'
const IV_BYTES = 12
const TAG_BYTES = 16
/** What each derived text is for, so that none of them can stand for another. */
const SEALING = 'minimax-gateway upstream key: sealing'
const NAMING = 'minimax-gateway upstream key: id'

interface SealingKey {
  /** Tells keys apart in what they sealed; it tells nothing of them. */
  readonly id: string
  readonly key: Buffer
}

function derived(master: Buffer, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', purpose, length))
}

/** To which key a seal belongs: what is moved to another name, or another account, cannot be opened. */
export interface Sealed {
  readonly name: string
  readonly account: string
}

function boundTo({ name, account }: Sealed): Buffer {
  return Buffer.from(JSON.stringify([VERSION, name, account]))
}

/** A seal cannot be opened: it is damaged, another key's, or of a key for sealing that is not there any more. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

/**
 * Seals upstream keys for the store: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce, by a key that is derived
 * from the operator's (HKDF, RFC 5869). A seal reads `v1.<id of the key>.<nonce, text and tag in base64url>`.
 */
export class KeySeal {
  readonly #keys: readonly SealingKey[]

  /** @param masters 32 bytes each, at least one: the first seals, all open */
  constructor(masters: readonly Buffer[]) {
    if (masters.length === 0) throw new RangeError('at least one key for sealing is needed')
    this.#keys = masters.map((master) => ({
      id: derived(master, NAMING, 4).toString('hex'),
      key: derived(master, SEALING, 32),
    }))
  }

  /** @returns the text to store */
  seal(of: Sealed, text: string): string {
    const [first] = this.#keys
    if (first === undefined) throw new SealError('there is no key for sealing')
    const nonce = randomBytes(IV_BYTES)
    const cipher = createCipheriv(CIPHER, first.key, nonce).setAAD(boundTo(of))
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `${VERSION}.${first.id}.${sealed.toString('base64url')}`
  }

  /** @returns what was sealed. @throws SealError, which repeats nothing of it */
  open(of: Sealed, seal: string): string {
    const [version, id, body = ''] = seal.split('.')
    const sealing = this.#keys.find((one) => one.id === id)
    if (version !== VERSION) throw new SealError('the seal is of no known kind')
    if (sealing === undefined)
      throw new SealError(`it was sealed with the key ${String(id)}, which KEY_ENCRYPTION_KEY has not`)
    const bytes = Buffer.from(body, 'base64url')
    if (bytes.length <= IV_BYTES + TAG_BYTES) throw new SealError('the seal is damaged')
    try {
      const decipher = createDecipheriv(CIPHER, sealing.key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(boundTo(of)).setAuthTag(bytes.subarray(-TAG_BYTES))
      return Buffer.concat([
        decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)),
        decipher.final(),
      ]).toString('utf8')
    } catch (error) {
      throw new SealError('the seal is damaged, or of another key', { cause: error })
    }
  }

  /** Whether a seal is of the key that seals now. */
  isCurrent(seal: string): boolean {
    return seal.split('.')[1] === this.#keys[0]?.id
  }
}
