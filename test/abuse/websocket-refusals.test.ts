import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startGateway } from '../helpers/gateway.ts'

const MINUTE = 60_000

/** A time that the test moves, and waits that end when it says so. */
class Time {
  now = Date.UTC(2026, 5, 1)
  #waits: { readonly callback: () => void; readonly at: number }[] = []

  readonly clock = { now: () => this.now, monotonic: () => performance.now() }
  readonly timer = (callback: () => void, milliseconds: number): (() => void) => {
    const wait = { callback, at: this.now + milliseconds }
    this.#waits.push(wait)
    return () => (this.#waits = this.#waits.filter((one) => one !== wait))
  }

  passes(milliseconds: number): void {
    this.now += milliseconds
    const due = this.#waits.filter(({ at }) => at <= this.now)
    this.#waits = this.#waits.filter(({ at }) => at > this.now)
    for (const { callback } of due) callback()
  }
}

/** Starts a task with a model. Resolves with the code of the close. */
function start(url: string, token: string, model: string): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/t2a_v2`, [`mmg.token.${token}`])
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', resolve)
    socket.once('message', () =>
      socket.send(JSON.stringify({ event: 'task_start', model, voice_setting: { voice_id: 'x' } })),
    )
  })
}

it('a token that tries models over WebSockets which it may not use is noticed as one that tries them over HTTP', async () => {
  const time = new Time()
  await using gateway = await startGateway({ clock: time.clock, timer: time.timer })
  const { token } = await gateway.token({ models: ['speech-2.8-hd'] })
  for (let turn = 0; turn < 12; turn++) expect(await start(gateway.url, token, `speech-${turn}`)).toBe(1008)
  for (let minute = 0; minute < 3; minute++) {
    time.passes(MINUTE)
    await new Promise(setImmediate)
  }
  const { items } = await gateway.admin('GET', '/admin/v1/incidents')
  expect(JSON.stringify(items)).toContain('denials')
})
