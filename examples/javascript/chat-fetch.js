// Chat with nothing but `fetch`, streamed. For a page, see ../browser.
const { GATEWAY_URL = 'http://127.0.0.1:8080', GATEWAY_TOKEN } = process.env

const answer = await fetch(`${GATEWAY_URL}/v1/chat/completions`, {
  method: 'POST',
  headers: { authorization: `Bearer ${GATEWAY_TOKEN}`, 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'MiniMax-M3',
    stream: true,
    messages: [{ role: 'user', content: 'Hello, MiniMax!' }],
  }),
})
if (!answer.ok) {
  throw new Error(`${answer.status} ${await answer.text()} (request ${answer.headers.get('x-request-id')})`)
}

let rest = ''
for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split('\n')
  rest = lines.pop()
  for (const line of lines) {
    if (!line.startsWith('data: ') || line === 'data: [DONE]') continue
    const [choice] = JSON.parse(line.slice('data: '.length)).choices
    process.stdout.write(choice?.delta?.content ?? '')
  }
}
process.stdout.write('\n')
