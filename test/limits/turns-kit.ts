import type { GatewayError } from '../../src/errors.ts'
import { Turns, type Turn, type TurnsOptions } from '../../src/limits/turns.ts'

/** A call as a test sees it. */
export interface Asked {
  readonly user: string
  readonly account: string
  readonly model: string
  readonly tokens: number
  readonly number: number
  /** What its listener heard: null for go, else the code of the error. */
  readonly heard: (string | null)[]
  /** When it went; -1: it has not. */
  wentAt: number
  isLeft: boolean
  isOver: boolean
  error: GatewayError | null
  end(): void
}

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Turns with a clock and timers that a test moves by hand. */
export class TurnsKit {
  now = 1_000
  readonly timers = new Set<Timer>()
  readonly asked: Asked[] = []
  /** All that went, in the order of it. */
  readonly went: Asked[] = []
  readonly waits: number[] = []
  readonly refusals: string[] = []
  readonly turns: Turns

  constructor(options: Partial<TurnsOptions> = {}) {
    this.turns = new Turns({
      concurrency: 0,
      requestsPerMinute: 0,
      queueTimeMs: 5_000,
      clock: { now: () => this.now, monotonic: () => this.now },
      events: {
        waited: (ms) => void this.waits.push(ms),
        refused: (kind) => void this.refusals.push(kind),
      },
      schedule: (ms, run) => {
        const timer = { at: this.now + ms, run }
        this.timers.add(timer)
        return () => void this.timers.delete(timer)
      },
      ...options,
    })
  }

  /** @param onGo runs while the call is told to go */
  ask(
    user: string,
    { account = 'main', model = '', cost = 1, tokens = 0, onGo = () => undefined }: Asking = {},
  ): Asked {
    let turn: Turn | null = null
    const call: Asked = {
      user,
      account,
      model,
      tokens,
      number: this.asked.length,
      heard: [],
      wentAt: -1,
      isLeft: false,
      isOver: false,
      error: null,
      end: () => {
        if (call.heard.length === 0) call.isLeft = true
        call.isOver = true
        turn?.end()
      },
    }
    this.asked.push(call)
    turn = this.turns.take({ account, userId: user, model, cost, tokens }, (error) => {
      call.heard.push(error === null ? null : error.code)
      call.error = error
      if (error !== null) return
      call.wentAt = this.now
      this.went.push(call)
      onGo()
    })
    return call
  }

  /** Time passes; timers fire when they are due, in order. */
  pass(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const due = [...this.timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.timers.delete(due)
      this.now = Math.max(this.now, due.at)
      due.run()
    }
    this.now = until
  }

  underWay(account = 'main'): readonly Asked[] {
    return this.went.filter((call) => call.account === account && !call.isOver)
  }

  waiting(): readonly Asked[] {
    return this.asked.filter((call) => call.heard.length === 0 && !call.isLeft)
  }

  /** Who went since the kit was made or `from`, by user. */
  users(from = 0): string {
    return this.went
      .slice(from)
      .map(({ user }) => user)
      .join('')
  }
}

interface Asking {
  readonly account?: string
  readonly model?: string
  readonly tokens?: number
  readonly cost?: number
  readonly onGo?: () => void
}
