import { billed } from '../answer.ts'
import { invalid } from '../errors.ts'
import { seconds, traceId } from '../ids.ts'
import { fields, frame, json, list, sse, text } from '../json.ts'
import type { Answer, Call, Fields } from '../types.ts'
import { answering, bill, compose, pieces, tokensOf, type Reply } from './reply.ts'

function needInput(body: Fields): unknown {
  const { input } = body
  if (typeof input === 'string' ? input === '' : list(input).length === 0) throw invalid('input is required')
  return input
}

/** POST /v1/responses/input_tokens: counts, generates nothing. */
export function inputTokens(call: Call): Answer {
  const { body } = call
  const input = needInput(body)
  answering(text(body.model), false)
  return json({
    object: 'response.input_tokens',
    input_tokens: tokensOf(input, body.instructions, body.tools),
  })
}

function usageOf(reply: Reply): Fields {
  const { prompt, cached, completion, reasoning } = reply.usage
  return {
    input_tokens: prompt,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: completion,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: prompt + completion,
  }
}

/** Output items of a finished response, in order. */
function items(reply: Reply, id: string): Fields[] {
  const out: Fields[] = []
  if (reply.thinking !== '') {
    const content = [{ type: 'reasoning_text', text: reply.thinking }]
    out.push({ id: `${id}_rs`, type: 'reasoning', status: 'completed', summary: [], content })
  }
  if (reply.tool) {
    const { id: call_id, name } = reply.tool
    const given = JSON.stringify(reply.tool.arguments)
    out.push({
      id: `${id}_fc_0`,
      type: 'function_call',
      status: 'completed',
      call_id,
      name,
      arguments: given,
    })
  } else {
    const content = [{ type: 'output_text', text: reply.text, annotations: [] }]
    out.push({ id: `${id}_msg`, type: 'message', status: 'completed', role: 'assistant', content })
  }
  return out
}

/** POST /v1/responses (platform docs: Responses); the stream tells usage in response.completed only. */
export function responses(call: Call): Answer {
  const { body } = call
  const input = needInput(body)
  const effort = text(fields(body.reasoning).effort, 'none')
  const reply = compose(call, [input, body.instructions], input, effort !== 'none')
  const id = traceId()
  const whole: Fields = {
    id,
    object: 'response',
    created_at: seconds(),
    model: reply.model,
    status: reply.finish === 'length' ? 'incomplete' : 'completed',
    output: items(reply, id),
    output_text: reply.tool ? '' : reply.text,
    usage: usageOf(reply),
    ...(reply.finish === 'length' ? { incomplete_details: { reason: 'max_output_tokens' } } : {}),
    parallel_tool_calls: true,
    store: false,
    truncation: 'disabled',
  }
  const answer = body.stream === true ? sse(stream(reply, whole)) : json(whole)
  return billed(answer, bill(reply.usage), { model: reply.model })
}

function stream(reply: Reply, whole: Fields): string[] {
  const out: string[] = []
  const emit = (type: string, rest: Fields): void => {
    out.push(frame({ type, sequence_number: out.length, ...rest }, type))
  }
  const begun = { ...whole, status: 'in_progress', output: [], output_text: undefined, usage: null }
  emit('response.created', { response: begun })
  emit('response.in_progress', { response: begun })
  list(whole.output).forEach((value, output_index) => {
    const item = fields(value)
    const at = { item_id: item.id, output_index }
    const part = fields(list(item.content)[0])
    const empty = item.type === 'function_call' ? { arguments: '' } : { content: [] }
    emit('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', ...empty } })
    if (item.type === 'function_call') {
      emit('response.function_call_arguments.delta', { ...at, delta: item.arguments })
      emit('response.function_call_arguments.done', { ...at, arguments: item.arguments })
    } else {
      const name = item.type === 'reasoning' ? 'reasoning_text' : 'output_text'
      const content_index = 0
      emit('response.content_part.added', { ...at, content_index, part: { ...part, text: '' } })
      for (const delta of pieces(text(part.text)))
        emit(`response.${name}.delta`, { ...at, content_index, delta })
      emit(`response.${name}.done`, { ...at, content_index, text: part.text })
      emit('response.content_part.done', { ...at, content_index, part })
    }
    emit('response.output_item.done', { output_index, item })
  })
  const end = reply.finish === 'length' ? 'response.incomplete' : 'response.completed'
  emit(end, { response: { ...whole, error: null } })
  return out
}
