/** What a JWT begins with: the base64url of `{"` (RFC 7515 section 3). */
const JWT_MARK = 'eyJ'

/** Also where the end of it is cut off. Its first part says how it was signed and is no secret. */
const JWT = /eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g

/**
 * Takes credentials of callers out of what is logged: one may stand where it does not belong, say as a model's name.
 * The public id of a token stays, which says whose it is and opens nothing.
 * @param prefix how tokens of this gateway begin, without the underscore
 * @param maskKeys takes upstream keys out of a text
 */
export function createMask(prefix: string, maskKeys: (text: string) => string): (text: string) => string {
  // Server tokens and those of operators; sessions hold all that they say in themselves, and have no public part.
  const token = new RegExp(`(${prefix}o?_[0-9A-Za-z]{12}_)[0-9A-Za-z]{8,}`, 'g')
  const session = new RegExp(`(${prefix}s_)[\\w-]{8,}(?:\\.[\\w-]*)?`, 'g')
  return (text) => {
    let clean = maskKeys(text)
    if (clean.includes(prefix)) clean = clean.replace(token, '$1***').replace(session, '$1***')
    return clean.includes(JWT_MARK) ? clean.replace(JWT, `${JWT_MARK}***`) : clean
  }
}
