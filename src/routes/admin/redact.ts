/** Stands in the place of a secret. */
export const REMOVED = '[removed]'

/** Names of fields whose text is a secret, whatever it looks like. */
const SECRET_NAME =
  /(?:^|_|-)(?:key|token|secret|password|passwd|pepper|hash|code|authorization|credential|jwt|cookie|link|url)s?$/i

/** A public id of a token: it names one and opens nothing. */
const TOKEN_ID = /^[0-9A-Za-z]{12}$/

/** What looks like a secret, wherever it stands: tokens of ours, of a session and of JWT, redemption codes, upstream keys. */
const SECRET_TEXT = [
  /_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}/g,
  /_[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}/g,
  /eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g,
  /MMGC(?:-?[0-9A-Z]{4}){5}/gi,
  /\bsk-[A-Za-z0-9_-]{8,}/g,
]

/** Deeper than anything that the API takes or shows. */
const DEEPEST = 12

function withoutSecrets(text: string): string {
  return SECRET_TEXT.reduce((rest, pattern) => rest.replace(pattern, REMOVED), text)
}

/** What stands under the name of a secret: every text of it is taken out, and of objects their own fields decide. */
function cleanSecret(value: unknown, name: string, secrets: readonly string[], depth: number): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => cleanSecret(item, name, secrets, depth + 1))
  if (typeof value !== 'string') return clean(value, secrets, depth)
  return /^tokens?$/.test(name) && TOKEN_ID.test(value) ? value : REMOVED
}

function clean(value: unknown, secrets: readonly string[], depth: number): unknown {
  if (typeof value === 'string') return withoutSecrets(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEEPEST) return REMOVED
  if (Array.isArray(value)) return value.map((item: unknown) => clean(item, secrets, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, field]: [string, unknown]) => {
      const isSecret = secrets.includes(name) || SECRET_NAME.test(name)
      return [
        name,
        isSecret ? cleanSecret(field, name, secrets, depth + 1) : clean(field, secrets, depth + 1),
      ]
    }),
  )
}

/**
 * A value as the audit log may keep it: what is or looks like a secret is taken out, by the names of fields and by the
 * looks of texts. Views hold none to begin with; this is the second line, and the first for what operators type.
 * @param secrets names of more fields that hold one
 */
export function redacted(value: unknown, secrets: readonly string[] = []): unknown {
  return clean(value, secrets, 0)
}
