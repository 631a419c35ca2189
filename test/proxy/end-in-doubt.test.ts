import { expect, it } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { startGateway } from '../helpers/gateway.ts'
import { startRawUpstream } from '../helpers/upstream.ts'

const USAGE = '"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}'
const EVENTS = [
  'data: {"id":"1","model":"MiniMax-M3","choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n',
  `data: {"id":"1","model":"MiniMax-M3","choices":[{"index":0,"finish_reason":"stop","delta":{}}],${USAGE}}\n\n`,
  'data: [DONE]\n\n',
]

it('a stream that has said its end is whole, also when upstream breaks off while it is written down', async () => {
  await using upstream = await startRawUpstream((socket) =>
    socket.on('data', (chunk) => {
      if (!chunk.toString('latin1').startsWith('POST ')) return
      const body = EVENTS.join('')
      // A chunk without the one that ends the body, and the end of the connection, in one packet.
      socket.end(
        'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n' +
          `${body.length.toString(16)}\r\n${body}\r\n`,
      )
    }),
  )
  await using gateway = await startGateway({ upstreamUrl: upstream.url })
  const { token } = await gateway.token()
  const body = chat({ model: 'MiniMax-M3', stream: true, stream_options: { include_usage: true } })
  const answer = await post(gateway.url, token, '/v1/chat/completions', body)
  expect(await answer.text()).toBe(EVENTS.join(''))
  expect(await gateway.admin('GET', '/admin/v1/requests')).toMatchObject({
    items: [{ outcome: 'ok', state: 'settled', usage: { input_tokens: 9, output_tokens: 2 } }],
  })
})
