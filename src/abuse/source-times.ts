import type { CredentialKind } from '../store/store.ts'

/** Milliseconds. */
export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** For so long a token's sources are learnt before a new one is news. */
export const LEARNING_MS = 7 * DAY_MS

/** Tokens that live on servers. A token in browsers has as many sources as visitors: they say nothing about it. */
export const IDENTITY_KINDS: ReadonlySet<CredentialKind> = new Set<CredentialKind>(['server'])

/** @returns an array of numbers that `save` gave, the last `most` of them; empty for anything else */
export function numbersOf(saved: unknown, most: number): number[] {
  if (!Array.isArray(saved)) return []
  const items: readonly unknown[] = saved
  const isFinite = (item: unknown): item is number => typeof item === 'number' && Number.isFinite(item)
  return items.filter(isFinite).slice(-most)
}
