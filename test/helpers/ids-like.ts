/** A name that an id goes by, in the API's spelling or in JavaScript's. */
const LIKE_AN_ID = /^id$|_ids?$|Id$|_token$/

/** Where there is nothing to look into. `null` counts: the field may hold an id another time. */
function isScalar(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number'
}

/**
 * @param document what JSON.parse made of an answer
 * @returns the paths of all fields that look like ids, each once, in the notation of the columns (`items[].id`);
 * a list of ids is `task_ids[]`
 */
export function idsLike(document: unknown): readonly string[] {
  const found = new Set<string>()
  const visit = (value: unknown, path: string, isNamed: boolean): void => {
    if (isScalar(value)) {
      if (isNamed) found.add(path)
    } else if (Array.isArray(value)) {
      for (const item of value) visit(item, `${path}[]`, isNamed)
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value))
        visit(item, path === '' ? name : `${path}.${name}`, LIKE_AN_ID.test(name))
    }
  }
  visit(document, '', false)
  return [...found]
}
