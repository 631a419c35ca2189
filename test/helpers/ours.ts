/** What the gateway puts into requests of its own: pseudonyms of users, in front of voices' names and beside the prompt. */
const ADDED = /"prompt_cache_key":"u[\w-]{22}",|"metadata":\{"user_id":"u[\w-]{22}"\},/
const TAG = /"u[a-z2-7]{20}_/g

/** @returns a body as its sender wrote it, out of the one that went upstream */
export function withoutOurs(body: Buffer | string | null | undefined): string {
  return (body ?? '').toString().replace(ADDED, '').replace(TAG, '"')
}
