/** Whoever is watched: a token, or one of the end users of those who use it. */
export interface Watched {
  readonly tokenId: string
  readonly userId: string
  /** By the name that the user's app gave; '': the token itself. */
  readonly endUser: string
}

/** One of them as a text: token ids have no slash. */
export function watchedKey({ tokenId, endUser }: Omit<Watched, 'userId'>): string {
  return endUser === '' ? tokenId : `${tokenId}/${endUser}`
}

/** Whether a text of `watchedKey` is of an end user. */
export function isOfEndUser(key: string): boolean {
  return key.includes('/')
}

/** The reverse of `watchedKey`. */
export function watchedFrom(key: string, userId: string): Watched {
  const slash = key.indexOf('/')
  return slash < 0
    ? { tokenId: key, userId, endUser: '' }
    : { tokenId: key.slice(0, slash), userId, endUser: key.slice(slash + 1) }
}
