import { SHIPPED_PRICES } from './prices.ts'

/** Other names by the name that they stand for. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = Map.groupBy(
  SHIPPED_PRICES.aliases.keys(),
  (alias) => SHIPPED_PRICES.aliases.get(alias) ?? alias,
)

/**
 * The name under which a model is counted: MiniMax takes some models by two names, and whoever is limited by one must not
 * go on under the other. The list is that of the shipped prices; `-highspeed` is another model, and so is another case.
 */
export function properName(model: string): string {
  return SHIPPED_PRICES.aliases.get(model) ?? model
}

/** @returns what is said of a model, under its proper name first and else under one of its other names; undefined: nothing */
export function saidOfModel<T>(models: Readonly<Record<string, T>>, model: string): T | undefined {
  const proper = properName(model)
  if (Object.hasOwn(models, proper)) return models[proper]
  const other = OTHER_NAMES.get(proper)?.find((name) => Object.hasOwn(models, name))
  return other === undefined ? undefined : models[other]
}
