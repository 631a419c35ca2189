/** What could be paired, and what could not. */
export interface Matching<Left, Right> {
  readonly pairs: readonly (readonly [Left, Right])[]
  readonly left: readonly Left[]
  readonly right: readonly Right[]
}

/**
 * Pairs as many as can be paired (augmenting paths), each with at most one of the other side.
 * @param fits whether the two may be a pair
 */
export function matchMost<Left, Right>(
  left: readonly Left[],
  right: readonly Right[],
  fits: (left: Left, right: Right) => boolean,
): Matching<Left, Right> {
  const ownerOf = new Map<number, number>()
  const place = (at: number, visited: Set<number>): boolean => {
    const one = left[at]
    if (one === undefined) return false
    for (const [index, other] of right.entries()) {
      if (visited.has(index) || !fits(one, other)) continue
      visited.add(index)
      const owner = ownerOf.get(index)
      if (owner !== undefined && !place(owner, visited)) continue
      ownerOf.set(index, at)
      return true
    }
    return false
  }
  for (const at of left.keys()) place(at, new Set())
  const placed = new Set(ownerOf.values())
  const pairs: (readonly [Left, Right])[] = []
  for (const [index, at] of ownerOf) {
    const one = left[at]
    const other = right[index]
    if (one !== undefined && other !== undefined) pairs.push([one, other])
  }
  return {
    pairs,
    left: left.filter((_, at) => !placed.has(at)),
    right: right.filter((_, index) => !ownerOf.has(index)),
  }
}

/** Pairs what has the same key, in order; one without a key is left over. */
export function matchKeys<Left, Right>(
  left: readonly Left[],
  right: readonly Right[],
  keyOfLeft: (one: Left) => string | undefined,
  keyOfRight: (one: Right) => string | undefined,
): Matching<Left, Right> {
  const waiting = new Map<string, Right[]>()
  const over: Right[] = []
  for (const one of right) {
    const key = keyOfRight(one)
    if (key === undefined) over.push(one)
    else {
      const list = waiting.get(key)
      if (list === undefined) waiting.set(key, [one])
      else list.push(one)
    }
  }
  for (const list of waiting.values()) list.reverse()
  const pairs: (readonly [Left, Right])[] = []
  const alone: Left[] = []
  for (const one of left) {
    const key = keyOfLeft(one)
    const other = key === undefined ? undefined : waiting.get(key)?.pop()
    if (other === undefined) alone.push(one)
    else pairs.push([one, other])
  }
  return { pairs, left: alone, right: [...over, ...[...waiting.values()].flat()] }
}
