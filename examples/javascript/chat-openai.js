// Chat with the OpenAI SDK (`npm install openai`).
import OpenAI from 'openai'

const { GATEWAY_URL = 'http://127.0.0.1:8080', GATEWAY_TOKEN } = process.env

const openai = new OpenAI({ baseURL: `${GATEWAY_URL}/v1`, apiKey: GATEWAY_TOKEN })
const stream = await openai.chat.completions.create({
  model: 'MiniMax-M3',
  messages: [{ role: 'user', content: 'Hello, MiniMax!' }],
  stream: true,
})
for await (const { choices } of stream) process.stdout.write(choices[0]?.delta?.content ?? '')
process.stdout.write('\n')
