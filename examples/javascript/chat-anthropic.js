// Chat with the Anthropic SDK (`npm install @anthropic-ai/sdk`).
import Anthropic from '@anthropic-ai/sdk'

const { GATEWAY_URL = 'http://127.0.0.1:8080', GATEWAY_TOKEN } = process.env

const anthropic = new Anthropic({ baseURL: `${GATEWAY_URL}/anthropic`, apiKey: GATEWAY_TOKEN })
const stream = anthropic.messages.stream({
  model: 'MiniMax-M3',
  max_tokens: 500,
  messages: [{ role: 'user', content: 'Hello, MiniMax!' }],
})
stream.on('text', (text) => process.stdout.write(text))
await stream.done()
process.stdout.write('\n')
