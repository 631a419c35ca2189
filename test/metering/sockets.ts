import { WebSocket } from 'ws'

/** What came of a session over a WebSocket. */
export interface Session {
  /** Every message, as text. */
  readonly messages: readonly string[]
  /** The code with which it was closed. */
  readonly code: number
}

export interface SessionPlan {
  readonly url: string
  readonly token: string
  readonly path?: string
  readonly model?: string
  readonly texts: readonly string[]
  /** The client breaks the connection when it has this many messages. */
  readonly leaveAfter?: number
}

/** The start of a session. */
function start(model: string): string {
  return JSON.stringify({ event: 'task_start', model, voice_setting: { voice_id: 'male-qn-qingse' } })
}

/** Speaks texts, one after the other, in one session. Resolves when the connection is closed, whoever closed it. */
export function speak(plan: SessionPlan): Promise<Session> {
  const { url, token, path = '/ws/v1/t2a_v2', model = 'speech-2.8-hd', texts, leaveAfter = Infinity } = plan
  const waiting = texts.map((text) => JSON.stringify({ event: 'task_continue', text }))
  const headers = { authorization: `Bearer ${token}` }
  const socket = new WebSocket(url.replace('http', 'ws') + path, { headers })
  const messages: string[] = []
  const goOn = (): void => socket.send(waiting.shift() ?? JSON.stringify({ event: 'task_finish' }))
  socket.on('message', (data) => {
    const text = Buffer.isBuffer(data) ? data.toString() : ''
    messages.push(text)
    if (messages.length >= leaveAfter) socket.terminate()
    else if (text.includes('"connected_success"')) socket.send(start(model))
    else if (text.includes('"task_started"') || text.includes('"is_final":true')) goOn()
  })
  return new Promise((resolve) => {
    // What is wrong is told by the close that follows.
    socket.on('error', () => undefined)
    socket.on('close', (code) => resolve({ messages, code }))
  })
}
