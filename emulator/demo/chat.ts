import { fields, list, number, text } from '../json.ts'
import { check } from './media.ts'
import { quote } from './show.ts'
import type { Step } from './step.ts'

const HELLO = 'Hi there'
const messages = [{ role: 'user', content: HELLO }]

/** What the emulated model says holds what was said to it. */
function answer(said: string): string {
  check(said.includes(HELLO), `the reply does not answer what was said: ${said}`)
  return quote(said.slice(said.indexOf('Hello! ')))
}

/** Chat in its four dialects, and what goes with it. */
export const chat: readonly Step[] = [
  {
    modality: 'chat',
    about: 'native',
    async run(caller) {
      const body = await caller.json('POST', '/v1/text/chatcompletion_v2', {
        model: 'abab6.5s-chat',
        messages,
      })
      const choice = fields(list(body.choices)[0])
      check(number(fields(body.usage).total_tokens, 0) > 0, 'the answer reports no usage')
      return answer(text(fields(choice.message).content))
    },
  },
  {
    modality: 'chat',
    about: 'OpenAI, streamed',
    async run(caller) {
      const events = await caller.events('/v1/chat/completions', {
        model: 'MiniMax-M3',
        messages,
        stream: true,
        stream_options: { include_usage: true },
      })
      check(events.at(-1)?.data === undefined, 'the stream did not end with [DONE]')
      const choices = events.flatMap(({ data }) => list(data?.choices))
      const said = choices.map((choice) => text(fields(fields(choice).delta).content)).join('')
      return `${answer(said)} in ${events.length} events`
    },
  },
  {
    modality: 'chat',
    about: 'Anthropic, streamed',
    async run(caller) {
      const body = { model: 'MiniMax-M2.7', max_tokens: 200, messages, stream: true }
      const events = await caller.events('/anthropic/v1/messages', body)
      check(events[0]?.name === 'message_start', 'the stream did not begin with message_start')
      check(events.at(-1)?.name === 'message_stop', 'the stream did not end with message_stop')
      const said = events.map(({ data }) => text(fields(data?.delta).text)).join('')
      return `${answer(said)} in ${events.length} events`
    },
  },
  {
    modality: 'chat',
    about: 'Responses',
    async run(caller) {
      const body = await caller.json('POST', '/v1/responses', { model: 'MiniMax-M3', input: HELLO })
      check(body.status === 'completed', `the response is ${text(body.status)}`)
      const content = list(body.output).flatMap((item) => list(fields(item).content))
      const said = content.map((part) => text(fields(part).text)).join('')
      return answer(said)
    },
  },
  {
    modality: 'chat',
    about: 'embeddings',
    async run(caller) {
      const body = await caller.json('POST', '/v1/embeddings', {
        model: 'embo-01',
        texts: ['one', 'two'],
        type: 'db',
      })
      const vectors = list(body.vectors).map((vector) => list(vector).length)
      check(
        vectors.length === 2 && vectors.every((width) => width === 1536),
        'not two vectors of 1,536 numbers',
      )
      return '2 vectors of 1,536 numbers'
    },
  },
  {
    modality: 'chat',
    about: 'models',
    async run(caller) {
      const ids = list((await caller.json('GET', '/v1/models')).data).map((model) => text(fields(model).id))
      check(ids.includes('MiniMax-M3'), 'MiniMax-M3 is not on the list')
      return `${ids.length} models, ${ids.slice(0, 2).join(', ')}, …`
    },
  },
]
