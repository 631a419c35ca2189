/** What MiniMax allows of one model on one account. 0: not known. */
export interface ModelLimit {
  readonly requestsPerMinute: number
  readonly tokensPerMinute: number
}

const WRITTEN = /^([0-9A-Za-z][0-9A-Za-z._-]{0,127})=(\d{1,8})(?:\/(\d{1,12}))?$/

/** @returns a model and its limits out of `model=requests` or `model=requests/tokens`; undefined for anything else */
export function modelLimitOf(item: string): readonly [string, ModelLimit] | undefined {
  const [, model, requests, tokens = '0'] = WRITTEN.exec(item) ?? []
  if (model === undefined) return undefined
  return [model, { requestsPerMinute: Number(requests), tokensPerMinute: Number(tokens) }]
}

/** What is wrong with a list of them, and how to mend it; undefined: nothing. */
export function modelLimitsProblem(items: readonly string[]): string | undefined {
  const models = new Set<string>()
  for (const item of items) {
    const found = modelLimitOf(item)
    if (found === undefined)
      return 'has an entry that is not a limit. Write model=requests or model=requests/tokens, as in MiniMax-M3=200/10000000'
    const [model] = found
    if (models.has(model)) return `names ${JSON.stringify(model)} twice`
    models.add(model)
  }
  return undefined
}
