import { Type } from 'typebox'
import { Value } from 'typebox/value'

const Names = Type.Array(Type.String())

/**
 * A list of names out of JSON text; null is no restriction.
 * @throws an error for text that is no such list: it must not become "no restriction"
 */
export function namesFromText(text: string | null): readonly string[] | null {
  return text === null ? null : Value.Parse(Names, JSON.parse(text))
}

/** A list of names as JSON text. */
export function textFromNames(names: readonly string[] | null): string | null {
  return names === null ? null : JSON.stringify(names)
}
