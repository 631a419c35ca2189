import { request, type IncomingHttpHeaders } from 'node:http'
import { WebSocket } from 'ws'
import { at } from '../helpers/calls.ts'
import type { Said } from './answers.ts'
import type { Plan } from './calls.ts'

/** What a client knows about a call of its own. */
export interface Note {
  readonly marker: string
  readonly operation: string
  /** '' when the answer did not get that far. */
  requestId: string
  status: number
  /** The whole answer came: its framing is complete, or the session said that it was finished. */
  isWhole: boolean
  said: Said
  body: string
}

function note(marker: string, operation: string): Note {
  return { marker, operation, requestId: '', status: 0, isWhole: false, said: undefined, body: '' }
}

function idIn(headers: IncomingHttpHeaders): string {
  const id = headers['x-request-id']
  return typeof id === 'string' ? id : ''
}

async function bytesOf(body: Plan['body']): Promise<{ bytes: Buffer; type: string }> {
  if (body === undefined) return { bytes: Buffer.alloc(0), type: '' }
  const made = body instanceof FormData ? new Response(body) : Response.json(body)
  return { bytes: Buffer.from(await made.arrayBuffer()), type: made.headers.get('content-type') ?? '' }
}

/** Makes a call on a connection of its own. Never rejects: how far it came stands in the note. */
export async function callOverHttp(url: string, token: string, marker: string, plan: Plan): Promise<Note> {
  const made = note(marker, plan.operation)
  const { bytes, type } = await bytesOf(plan.body)
  await new Promise<void>((resolve) => {
    const sent = request(`${url}${plan.path}`, {
      method: plan.method,
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        ...(bytes.length > 0 ? { 'content-type': type, 'content-length': bytes.length } : {}),
      },
    })
    sent.on('response', (answer) => {
      made.requestId = idIn(answer.headers)
      made.status = answer.statusCode ?? 0
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', () => undefined)
      answer.on('close', () => {
        made.isWhole = answer.complete
        made.body = Buffer.concat(chunks).toString('utf8')
        resolve()
      })
    })
    sent.on('error', () => resolve())
    sent.end(bytes)
  })
  if (made.isWhole && made.status === 200) made.said = plan.said(made.body)
  return made
}

const START = { event: 'task_start', model: 'speech-2.8-hd', voice_setting: { voice_id: 'male-qn-qingse' } }

/** Speaks a few texts in one session. Never rejects: how far it came stands in the note. */
export async function callOverSocket(
  url: string,
  token: string,
  marker: string,
  texts: number,
): Promise<Note> {
  const made = note(marker, 'speech.websocket')
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/t2a_v2`, {
    headers: { authorization: `Bearer ${token}` },
  })
  let characters = 0
  let finals = 0
  const send = (frame: object): void => socket.send(JSON.stringify(frame))
  socket.on('upgrade', (answer) => {
    made.requestId = idIn(answer.headers)
    made.status = 101
  })
  socket.on('message', (data: Buffer) => {
    const frame: unknown = JSON.parse(data.toString())
    const event = at(frame, 'event')
    if (event === 'connected_success') send(START)
    if (event === 'task_started') send({ event: 'task_continue', text: `${marker} says number 0` })
    if (at(frame, 'is_final') === true) {
      finals += 1
      characters += Number(at(frame, 'extra_info.usage_characters') ?? 0)
      send(
        finals < texts
          ? { event: 'task_continue', text: `${marker} says number ${finals}` }
          : { event: 'task_finish' },
      )
    }
    if (event === 'task_finished') {
      made.isWhole = true
      made.said = { characters }
    }
  })
  await new Promise<void>((resolve) => {
    socket.on('error', () => socket.terminate())
    socket.on('close', () => resolve())
  })
  return made
}
