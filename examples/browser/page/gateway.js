import { eventsOf } from './events.js'

/** A session token is renewed when it has less than this left. */
const MARGIN_MS = 30_000

/** Said by the gateway: why a call was refused. */
export class GatewayError extends Error {
  constructor(status, message, requestId) {
    super(`${message} (${status}, request ${requestId})`)
    this.status = status
    this.requestId = requestId
  }
}

/** A client of the gateway for pages. It asks the page's own backend for a session token when it needs one. */
export class Gateway {
  #session = null

  /** The base address and a token that is good for a while yet. */
  async #access() {
    const left = this.#session === null ? 0 : Date.parse(this.#session.expiresAt) - Date.now()
    if (left < MARGIN_MS) {
      const answer = await fetch('/session', { method: 'POST' })
      if (!answer.ok) throw new Error(`the backend gave no session: ${answer.status}`)
      const { gateway, session } = await answer.json()
      this.#session = { url: gateway, token: session.token, expiresAt: session.expires_at }
    }
    return this.#session
  }

  async #call(path, body) {
    const { url, token } = await this.#access()
    const isForm = body instanceof FormData
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        ...(isForm ? {} : { 'content-type': 'application/json' }),
      },
      body: isForm ? body : JSON.stringify(body),
    })
    if (answer.ok) return answer
    const text = await answer.text()
    throw new GatewayError(answer.status, messageIn(text), answer.headers.get('x-request-id'))
  }

  /** Chat in the dialect of OpenAI. Gives the pieces of the answer as they are made. */
  async *chat(text) {
    const answer = await this.#call('/v1/chat/completions', {
      model: 'MiniMax-M3',
      stream: true,
      messages: [{ role: 'user', content: text }],
    })
    for await (const { data } of eventsOf(answer.body)) {
      // The last event is no document. What is read to its end leaves the connection for the next call.
      const piece = data === '[DONE]' ? '' : JSON.parse(data).choices?.[0]?.delta?.content
      if (piece) yield piece
    }
  }

  /** Speech as a whole clip. */
  async speech(text) {
    const answer = await this.#call('/v1/t2a_v2', {
      model: 'speech-2.8-hd',
      text,
      voice_setting: { voice_id: 'male-qn-qingse' },
    })
    const { data } = checked(await answer.json())
    return new Blob([bytesFrom(data.audio)], { type: 'audio/mpeg' })
  }

  /** Speech over a WebSocket. Gives the pieces of the clip as they are made: an MP3 when put together. */
  async *speechLive(text) {
    const { url, token } = await this.#access()
    // A page cannot set headers here, so that the token goes as a subprotocol.
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws/v1/t2a_v2`, [`mmg.token.${token}`])
    const send = (message) => socket.send(JSON.stringify(message))
    for await (const message of messagesOf(socket)) {
      checked(message)
      if (message.event === 'connected_success') {
        send({
          event: 'task_start',
          model: 'speech-2.8-hd',
          voice_setting: { voice_id: 'male-qn-qingse' },
          audio_setting: { format: 'mp3' },
        })
      }
      if (message.event === 'task_started') send({ event: 'task_continue', text })
      if (message.event === 'task_continued') {
        if (message.data?.audio) yield bytesFrom(message.data.audio)
        if (message.is_final) send({ event: 'task_finish' })
      }
      if (message.event === 'task_finished') return
    }
    throw new Error('the connection was closed before the end')
  }

  /** An image. @returns an address for `src` */
  async image(prompt) {
    const answer = await this.#call('/v1/image_generation', {
      model: 'image-01',
      prompt,
      response_format: 'base64',
    })
    const { data } = checked(await answer.json())
    return `data:image/png;base64,${data.image_base64[0]}`
  }

  /** Uploads a file, for speech to be made of it. @returns its id, as text: it may be larger than a number holds */
  async upload(file) {
    const form = new FormData()
    form.set('purpose', 't2a_async_input')
    form.set('file', file, file.name)
    const text = await (await this.#call('/v1/files/upload', form)).text()
    checked(JSON.parse(text))
    return /"file_id"\s*:\s*"?(\d+)/.exec(text)[1]
  }
}

/** MiniMax says in `base_resp` how a call went, with HTTP status 200 or without. */
function checked(document) {
  const { status_code: code = 0, status_msg: message } = document.base_resp ?? {}
  if (code !== 0) throw new Error(`${message} (${code})`)
  return document
}

function messageIn(text) {
  try {
    const { error, base_resp: base } = JSON.parse(text)
    return error?.message ?? base?.status_msg ?? text
  } catch {
    return text
  }
}

/** Bytes out of hexadecimal, which is how MiniMax sends audio. */
function bytesFrom(hex) {
  const bytes = new Uint8Array(hex.length / 2)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16)
  return bytes
}

/** What comes over a WebSocket until it is closed. */
async function* messagesOf(socket) {
  const waiting = []
  let wake = () => undefined
  let isOpen = true
  socket.onmessage = ({ data }) => {
    waiting.push(JSON.parse(data))
    wake()
  }
  socket.onclose = () => {
    isOpen = false
    wake()
  }
  try {
    while (isOpen || waiting.length > 0) {
      if (waiting.length > 0) yield waiting.shift()
      else await new Promise((resolve) => (wake = resolve))
    }
  } finally {
    socket.close()
  }
}
