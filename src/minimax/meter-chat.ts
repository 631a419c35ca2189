import type { Found } from './meter-found.ts'
import type { Kind } from './meter-kind.ts'
import { shapeOf } from './meter-shape.ts'
import { failureIn, failureOfError, STATUS } from './meter-status.ts'
import type { Tally } from './meter-tally.ts'
import { OBJECT } from './meter-value.ts'
import { countOf, inclusiveTokens } from './usage.ts'

const completion = shapeOf(
  {
    ...STATUS,
    model: 'value model',
    tier: ['value service_tier', 'value usage.service_tier'],
    usage: 'value usage',
    total: 'value usage.total_tokens',
    prompt: 'value usage.prompt_tokens',
    completion: 'value usage.completion_tokens',
    cached: 'value usage.prompt_tokens_details.cached_tokens',
    searches: 'value usage.server_tool_use.web_search_requests',
    content: ['text choices.*.delta.content', 'text choices.*.delta'],
    reasoning: 'text choices.*.delta.reasoning_content',
    tool: 'text choices.*.delta.tool_calls.*.function.arguments',
    whole: 'text choices.*.message.content',
    older: ['text choices.*.messages.*.text', 'text choices.*.text'],
    wholeReasoning: 'text choices.*.message.reasoning_content',
    wholeTool: 'text choices.*.message.tool_calls.*.function.arguments',
  },
  'content',
)

/**
 * Native chat, OpenAI's, and the two oldest. A stream may end with usage in the closing chunk, in a chunk without
 * choices, in a whole `chat.completion` that says everything once more, or never; other chunks carry `usage: null` or
 * zeros (text-post, text-chat-openai and recordings).
 */
export const completions: Kind = {
  shape: completion,
  read(found: Found, tally: Tally): void {
    const { values } = found
    const slots = completion.slots
    tally.failure = failureIn(found, slots) ?? tally.failure
    tally.readModel(values[slots.model])
    tally.readTier(values[slots.tier])
    // A closing completion says once more what its stream has said, with usage or without.
    const isFirst = tally.bytes === 0
    tally.addContent(found, slots.content)
    tally.addText('thinking', found, slots.reasoning)
    tally.addText('tool', found, slots.tool)
    const usage = values[slots.usage]
    const hasUsage = usage !== undefined && usage !== null
    // The two oldest stream their text in these places; what comes with the usage at the end was said before.
    if (!hasUsage || isFirst) tally.addText('answer', found, slots.older)
    if (isFirst) {
      tally.addText('answer', found, slots.whole)
      tally.addText('thinking', found, slots.wholeReasoning)
      tally.addText('tool', found, slots.wholeTool)
    }
    if (!hasUsage) return
    const counts = {
      prompt: countOf(values[slots.prompt]),
      completion: countOf(values[slots.completion]),
      total: countOf(values[slots.total]),
      cached: countOf(values[slots.cached]),
      searches: countOf(values[slots.searches]),
    }
    tally.settle(usage === OBJECT ? inclusiveTokens(counts, tally.tokens) : 'wrong', true)
  },
}

const response = shapeOf({
  ...STATUS,
  error: ['value error', 'value response.error'],
  errorType: ['value error.type', 'value response.error.type'],
  errorMessage: ['tail error.message', 'tail response.error.message', 'tail message'],
  errorCode: ['value error.code', 'value response.error.code', 'value code'],
  type: 'value type',
  model: ['value model', 'value response.model'],
  tier: ['value service_tier', 'value response.service_tier'],
  status: ['value status', 'value response.status'],
  usage: ['value usage', 'value response.usage'],
  total: ['value usage.total_tokens', 'value response.usage.total_tokens'],
  prompt: ['value usage.input_tokens', 'value response.usage.input_tokens'],
  completion: ['value usage.output_tokens', 'value response.usage.output_tokens'],
  cached: [
    'value usage.input_tokens_details.cached_tokens',
    'value response.usage.input_tokens_details.cached_tokens',
  ],
  delta: 'text delta',
  whole: 'text output.*.content.*.text',
  wholeTool: 'text output.*.arguments',
})

/** Responses: the last event alone has usage; the input includes what was cached (responses-create). */
export const responses: Kind = {
  shape: response,
  read(found: Found, tally: Tally): void {
    const { values } = found
    const slots = response.slots
    const type = values[slots.type]
    tally.failure = failureIn(found, slots) ?? tally.failure
    if (type === 'error' || values[slots.status] === 'failed') tally.failure ??= failureOfError(found, slots)
    tally.readModel(values[slots.model])
    tally.readTier(values[slots.tier])
    const delta = found.number(slots.delta)
    if (delta > 0 && typeof type === 'string' && type.endsWith('.delta')) {
      const kind = type.startsWith('response.reasoning')
        ? 'thinking'
        : type.includes('arguments')
          ? 'tool'
          : 'answer'
      tally.addText(kind, found, slots.delta)
    }
    tally.addText('answer', found, slots.whole)
    tally.addText('tool', found, slots.wholeTool)
    if (type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed')
      tally.hasEnded = true
    const usage = values[slots.usage]
    if (usage === undefined || usage === null) return
    const counts = {
      prompt: countOf(values[slots.prompt]),
      completion: countOf(values[slots.completion]),
      total: countOf(values[slots.total]),
      cached: countOf(values[slots.cached]),
    }
    tally.settle(usage === OBJECT ? inclusiveTokens(counts, tally.tokens) : 'wrong', true)
  },
}
