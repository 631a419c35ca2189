/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Pass it as `cursor` to read on; null at the end. */
  readonly next: string | null
}

export interface PageRequest {
  /** 1 to 1,000. */
  readonly limit: number
  readonly cursor?: string | undefined
}
