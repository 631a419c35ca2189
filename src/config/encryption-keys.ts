/** Bytes of a key that seals (AES-256). */
const LENGTH = 32
const HEX = /^[0-9a-fA-F]{64}$/
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/

function bytesOf(text: string): Buffer | undefined {
  if (HEX.test(text)) return Buffer.from(text, 'hex')
  if (!BASE64.test(text)) return undefined
  const bytes = Buffer.from(text.replace('=', ''), 'base64url')
  return bytes.length === LENGTH ? bytes : undefined
}

/** What is wrong with a list of keys that seal, without repeating any of it. */
export function encryptionKeysProblem(text: string): string | undefined {
  const items = text.split(',')
  for (const [index, item] of items.entries()) {
    if (bytesOf(item) === undefined)
      return `entry ${index + 1} is not 32 bytes in base64 or hexadecimal. Make one with \`openssl rand -base64 32\``
  }
  return new Set(items).size === items.length ? undefined : 'names a key twice. Write each once'
}

/** The keys of a text that has no problem, 32 bytes each; the first seals, all open. */
export function encryptionKeysOf(text: string): Buffer[] {
  return text.split(',').flatMap((item) => bytesOf(item) ?? [])
}
