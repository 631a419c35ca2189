import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AcceptLog } from './accepts.ts'
import { fields, id, parseFields, text } from './json.ts'
import { Rate } from './rate.ts'
import type { Recorder } from './recorder.ts'
import { stepsOf, type Rule } from './scenarios.ts'

/** What may be controlled over HTTP. */
export interface Controlled {
  recorder: Recorder
  accepts: AcceptLog | undefined
  rules: Rule[]
  rate: Rate
  reset(): void
}

function reply(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'Content-Type': 'application/json' })
  res.end(`${JSON.stringify(body)}\n`)
}

/**
 * The emulator's own paths, for a process that is not ours: GET health, GET requests (accepted requests per operation),
 * GET accepts (the accept log), POST reset, POST scenarios `{operation?, path?, times?, use}`, POST rate
 * `{requests, window_ms?}` (the account's limit; without `requests`: none).
 */
export function control(target: Controlled, req: IncomingMessage, res: ServerResponse, path: string): void {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.once('end', () => {
    const route = `${req.method ?? ''} ${path.slice('/__emulator/'.length)}`
    if (route === 'GET health') {
      reply(res, 200, { status: 'ok' })
      return
    }
    if (route === 'GET requests') {
      reply(res, 200, Object.fromEntries(target.recorder.accepted))
      return
    }
    if (route === 'GET accepts') {
      const { accepts } = target
      if (accepts) reply(res, 200, { items: accepts.list(), dropped: accepts.dropped })
      else reply(res, 404, { error: 'the accept log is off' })
      return
    }
    if (route === 'POST reset') {
      target.reset()
      reply(res, 200, { status: 'ok' })
      return
    }
    if (route === 'POST scenarios') {
      const body = fields(parseFields(Buffer.concat(chunks)))
      const use = text(body.use)
      if (!stepsOf(use)) {
        reply(res, 400, { error: `there is no scenario ${use}` })
        return
      }
      const times = Number(id(body.times))
      target.rules.push({
        use,
        match: {
          ...(typeof body.operation === 'string' ? { operation: body.operation } : {}),
          ...(typeof body.path === 'string' ? { path: body.path } : {}),
          ...(times > 0 ? { times } : {}),
        },
      })
      reply(res, 200, { status: 'ok' })
      return
    }
    if (route === 'POST rate') {
      const body = fields(parseFields(Buffer.concat(chunks)))
      const requests = Number(id(body.requests))
      const windowMs = Number(id(body.window_ms))
      target.rate = new Rate(requests > 0 ? { requests, ...(windowMs > 0 ? { windowMs } : {}) } : undefined)
      reply(res, 200, { status: 'ok' })
      return
    }
    reply(res, 404, { error: 'no such path' })
  })
}
