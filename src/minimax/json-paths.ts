/** Paths of fields in a JSON document, `voice_setting.voice_id` or `timbre_weights[].voice_id`, made ready for a search. */

/** A place in a document on the way to, or at, a declared path. */
export interface Place {
  /** The name of the field; empty for the root and for the elements of an array. */
  readonly name: string
  /** The same as bytes. */
  readonly key: Buffer
  /** The declared path that ends here; null: only others pass through. */
  readonly path: string | null
  readonly fields: readonly Place[]
  /** The place of every element, where the value is an array that is looked into. */
  readonly element: Place | null
  /** The declared paths that lead on from here. */
  readonly beyond: readonly string[]
}

interface Draft {
  readonly name: string
  path: string | null
  readonly fields: Map<string, Draft>
  element: Draft | null
}

function draft(name: string): Draft {
  return { name, path: null, fields: new Map(), element: null }
}

function fieldIn(parent: Draft, name: string): Draft {
  const known = parent.fields.get(name)
  if (known !== undefined) return known
  const made = draft(name)
  parent.fields.set(name, made)
  return made
}

function descend(from: Draft, step: string): Draft {
  const bracket = step.indexOf('[]')
  let at = fieldIn(from, bracket < 0 ? step : step.slice(0, bracket))
  for (let left = bracket; left >= 0 && left < step.length; left += 2) at = at.element ??= draft('')
  return at
}

function pathsOf(place: Place): readonly string[] {
  return place.path === null ? place.beyond : [place.path, ...place.beyond]
}

function finish(from: Draft): Place {
  const fields = [...from.fields.values()].map(finish)
  const element = from.element === null ? null : finish(from.element)
  const beyond = [...fields, ...(element === null ? [] : [element])].flatMap(pathsOf)
  return { name: from.name, key: Buffer.from(from.name), path: from.path, fields, element, beyond }
}

const compiled = new WeakMap<readonly string[], Place>()

/**
 * @param paths a list that never changes: what is made of it is kept as long as the list is
 * @returns the outermost object, as the root of all paths
 */
export function placesOf(paths: readonly string[]): Place {
  const known = compiled.get(paths)
  if (known !== undefined) return known
  const root = draft('')
  for (const path of paths) path.split('.').reduce(descend, root).path = path
  const place = finish(root)
  compiled.set(paths, place)
  return place
}
