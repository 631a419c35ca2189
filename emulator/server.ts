import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { isIPv6 } from 'node:net'
import { AcceptLog, markerIn, type Accepted, type Acceptance } from './accepts.ts'
import { authFailure } from './auth.ts'
import { receive, type Received } from './body.ts'
import { control } from './control.ts'
import { deliver, reset, send, type Exchange } from './deliver.ts'
import { invalid, refuse, Refusal } from './errors.ts'
import { platformHeaders, shortHeaders } from './headers.ts'
import { parseFields, text } from './json.ts'
import { find } from './operations.ts'
import { Rate } from './rate.ts'
import { Recorder } from './recorder.ts'
import { stepsOf, type Rule, type Steps } from './scenarios.ts'
import { shape } from './shape.ts'
import { serveSockets } from './sockets.ts'
import type { Answer, Call, Emulator, EmulatorOptions, Fields, Operation } from './types.ts'
import { World } from './world.ts'

export type { Emulator, EmulatorOptions, RecordedRequest } from './types.ts'
export type { Rule, Steps } from './scenarios.ts'

const PLAIN: Steps = {}
const NOTHING: Fields = {}
const NO_QUERY = new URLSearchParams()

function listed(accepts: AcceptLog | undefined): Accepted[] {
  if (accepts === undefined) throw new Error('the accept log is off')
  if (accepts.dropped > 0) throw new Error(`the accept log left out ${accepts.dropped} calls`)
  return accepts.list()
}

/** The emulated platform behind its listener. */
class Platform {
  readonly world: World
  readonly recorder: Recorder
  readonly accepts: AcceptLog | undefined
  readonly keys: readonly string[] | undefined
  readonly options: EmulatorOptions
  rules: Rule[] = []
  rate: Rate

  constructor(options: EmulatorOptions) {
    this.options = options
    this.keys = options.keys
    this.rate = new Rate(options.rateLimit)
    this.world = new World(options)
    this.recorder = new Recorder(options.record ?? true)
    if (options.record !== false || options.acceptLog !== undefined)
      this.accepts = new AcceptLog(options.acceptLog, (task) => this.world.tasks.all.get(task.id) === task)
  }

  /** The steps for a request as far as its head tells: the scenario header, else the first rule that fits. */
  pick(operation: string | null, path: string, req: IncomingMessage): Steps {
    const header = req.headers['x-emulator-scenario']
    if (typeof header === 'string') return this.steps(header)
    if (this.rules.length === 0) return PLAIN
    const rule = this.rules.find(
      ({ match }) =>
        (match.operation === undefined || match.operation === operation) &&
        (match.path === undefined || path.startsWith(match.path)) &&
        (match.key === undefined || req.headers.authorization === `Bearer ${match.key}`) &&
        (match.times === undefined || match.times > 0),
    )
    if (!rule) return PLAIN
    if (rule.match.times !== undefined) rule.match.times -= 1
    return typeof rule.use === 'string' ? this.steps(rule.use) : rule.use
  }

  steps(name: string): Steps {
    const steps = stepsOf(name)
    if (!steps && this.options.quiet !== true) console.warn(`emulator: there is no scenario ${name}`)
    return steps ?? PLAIN
  }

  reset(): void {
    this.rules = []
    this.rate = new Rate(this.options.rateLimit)
    this.recorder.reset()
    this.world.reset()
  }

  readonly request: RequestListener = (req: IncomingMessage, res: ServerResponse): void => {
    const target = req.url ?? '/'
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    if (path.startsWith('/__emulator/')) {
      control(this, req, res, path)
      return
    }
    const found = find(req.method ?? '', path)
    const operation = found?.operation
    const recording = this.recorder.open(req, operation?.name ?? null)
    const exchange: Exchange = {
      req,
      res,
      headers: recording ? platformHeaders() : shortHeaders(),
      chunkDelayMs: this.options.chunkDelayMs ?? 0,
      ours: false,
    }
    if (recording) {
      const { request } = recording
      res.once('close', () => this.recorder.closed(request, !res.writableFinished && !exchange.ours))
    }
    const steps = this.pick(operation?.name ?? null, path, req)
    if (steps.reset === 'request') {
      reset(exchange)
      return
    }
    if (steps.early !== undefined && operation) {
      const refusal = new Refusal(2013, 'request body too large', steps.early)
      const answer = refuse(operation, refusal, '', false)
      this.accept(exchange, operation.name, '', '')?.answered(answer)
      send(exchange, answer)
    }
    receive(req, operation, this.recorder, recording, (received) => {
      if (operation) this.recorder.accept(operation.name)
      if (steps.early !== undefined && operation) return
      if (found) {
        void this.answer(
          exchange,
          found.operation,
          found.id,
          mark < 0 ? '' : target.slice(mark + 1),
          received,
          steps,
        )
      } else {
        const answer = this.cdn(req, path) ?? {
          status: 404,
          type: 'text/plain',
          body: '404 page not found',
        }
        if (steps === PLAIN) send(exchange, answer)
        else void deliver(exchange, answer, steps)
      }
    })
  }

  cdn(req: IncomingMessage, path: string): Answer | undefined {
    const published =
      req.method === 'GET' || req.method === 'HEAD' ? this.world.published.get(path) : undefined
    return published && { status: 200, type: published.type, body: published.bytes }
  }

  /** Opens an entry of the accept log, which ends with the exchange. */
  accept(exchange: Exchange, operation: string, model: string, marker: string): Acceptance | undefined {
    const accepted = this.accepts?.open(operation, model, marker)
    if (accepted)
      exchange.res.once('close', () => accepted.closed(exchange.res.writableFinished && !exchange.ours))
    return accepted
  }

  async answer(
    exchange: Exchange,
    operation: Operation,
    id: string,
    query: string,
    received: Received,
    chosen: Steps,
  ): Promise<void> {
    const { req } = exchange
    const parsed = received.bytes === undefined ? undefined : parseFields(received.bytes)
    const body = parsed ?? NOTHING
    const model = text(body.model, received.form?.values.get('model'))
    const accepted = this.accepts && this.accept(exchange, operation.name, model, markerOf(received, query))
    const failure = authFailure(req.headers, operation.dialect, this.keys)
    if (failure) {
      const refused = refuse(operation, failure, '', false)
      accepted?.answered(refused)
      send(exchange, refused)
      return
    }
    const steps = chosen === PLAIN && model.startsWith('scenario:') ? this.steps(model.slice(9)) : chosen
    let answer: Answer
    try {
      if (!this.rate.admits()) throw new Refusal(1002)
      if (steps.refuse) throw new Refusal(steps.refuse.code, steps.refuse.message, steps.refuse.status)
      if (operation.body === 'json' && !parsed) throw invalid('the body is not a JSON object')
      const { headers, rawHeaders } = req
      const { world } = this
      const call: Call = {
        operation,
        id,
        query: query === '' ? NO_QUERY : new URLSearchParams(query),
        headers,
        rawHeaders,
        body,
        form: received.form,
        steps,
        world,
      }
      const made = operation.handler(call)
      answer = made instanceof Promise ? await made : made
      if (steps !== PLAIN) answer = await shape(call, answer)
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(`emulator: ${operation.name} failed`, error)
      const refusal = error instanceof Refusal ? error : new Refusal(1000)
      answer = refuse(operation, refusal, model, body.stream === true)
    }
    accepted?.answered(answer)
    if (steps === PLAIN) send(exchange, answer)
    else await deliver(exchange, answer, steps)
  }
}

function markerOf({ bytes, form }: Received, query: string): string {
  const words = form
    ? [...form.values.values(), ...[...form.files.values()].map(({ filename }) => filename)]
    : []
  return markerIn(bytes) || markerIn(query) || markerIn(words.join(' '))
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

/**
 * Starts a MiniMax stand-in: HTTP (or HTTPS) and WebSocket on one port. Takes where to listen, which keys are good and
 * how slow to be; returns its URL, what it received, and the means to make it misbehave.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const platform = new Platform(options)
  const settings = { maxHeaderSize: 256 * 1024, keepAliveTimeout: 65_000, requestTimeout: 0 }
  const server = options.tls
    ? createSecureServer({ ...settings, ...options.tls }, platform.request)
    : createServer(settings, platform.request)
  const sockets = serveSockets(server, platform)
  const host = options.host ?? '127.0.0.1'
  const port = await listen(server, options.port ?? 0, host)
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : isIPv6(host) ? `[${host}]` : host
  const url = `${options.tls ? 'https' : 'http'}://${shown}:${port}`
  platform.world.url = url
  const closeConnections = (): void => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
  }
  return {
    url,
    port,
    requests: platform.recorder.requests,
    accepted: platform.recorder.accepted,
    acceptLog: () => listed(platform.accepts),
    scenario: (rule) => void platform.rules.push({ match: { ...rule.match }, use: rule.use }),
    limitRate: (limit) => void (platform.rate = new Rate(limit)),
    rateRefusals: () => platform.rate.refused,
    reset: () => platform.reset(),
    closeConnections,
    waitFor: (predicate, timeoutMs) => platform.recorder.waitFor(predicate, timeoutMs),
    close: () =>
      new Promise<void>((resolve) => {
        platform.world.reset()
        server.close(() => resolve())
        closeConnections()
      }),
  }
}
