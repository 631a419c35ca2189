import { setTimeout as pause } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import type { Acceptance } from '../accepts.ts'
import { Refusal } from '../errors.ts'
import { traceId } from '../ids.ts'
import { isFields, parseFields, SUCCESS, text, write } from '../json.ts'
import { clip, cut, spokenMs } from '../media/audio.ts'
import { stepsOf, type Steps } from '../scenarios.ts'
import type { Fields } from '../types.ts'
import type { World } from '../world.ts'
import { billedCharacters, extraInfo, needSpeechModel, needVoices } from './speech.ts'

const IDLE_MS = 120_000
const LIMIT = 10_000
const BIDI_EVENTS = ['task_flush', 'task_cancel']

/**
 * One session of `/ws/v1/t2a_v2` or `/ws/v1/t2a_v2_bidi` (platform docs: T2A v2 WebSocket). Every text is answered by
 * frames of audio; extra_info with its usage_characters stands in the last one (is_final) and counts that text alone.
 */
export class Session {
  readonly #socket: WebSocket
  readonly #world: World
  readonly #bidi: boolean
  readonly #accepted: Acceptance | undefined
  #steps: Steps
  readonly #id = Date.now().toString()
  readonly #gone = new AbortController()
  #setting: Fields | undefined
  #queue = Promise.resolve()
  #cancelled = 0
  #frames = 0
  #idle: NodeJS.Timeout | undefined
  /** task_finished or task_failed was sent: the session ended as it should. */
  ended = false

  constructor(socket: WebSocket, world: World, bidi: boolean, steps: Steps, accepted?: Acceptance) {
    this.#accepted = accepted
    this.#socket = socket
    this.#world = world
    this.#bidi = bidi
    this.#steps = steps
    socket.once('close', () => {
      clearTimeout(this.#idle)
      this.#gone.abort()
    })
    this.#send('connected_success')
    this.#touch()
  }

  /** Takes one text frame of the client. */
  receive(frame: Buffer): void {
    this.#touch()
    this.#frames += 1
    const { socket } = this.#steps
    if (socket && this.#frames >= socket.after) {
      if (socket.code === 1006) this.#socket.terminate()
      else this.#socket.close(socket.code)
      return
    }
    if (typeof this.#steps.stall === 'number' && this.#frames > this.#steps.stall) return
    const message = parseFields(frame)
    if (text(message?.event) === 'task_cancel' && this.#bidi) this.#cancelled += 1
    const turn = this.#cancelled
    this.#queue = this.#queue
      .then(() => this.#handle(message, turn))
      .catch((error: unknown) => this.#failed(error))
  }

  #failed(error: unknown): void {
    if (this.#gone.signal.aborted) return
    this.#fail(error instanceof Refusal ? error : new Refusal(1000))
  }

  #touch(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#fail(new Refusal(2201)), IDLE_MS)
    this.#idle.unref()
  }

  #send(event: string, rest: Fields = {}): void {
    if (this.#socket.readyState !== 1) return
    const frame = { session_id: this.#id, event, trace_id: traceId(), base_resp: SUCCESS, ...rest }
    this.#socket.send(write(frame))
  }

  #fail(refusal: Refusal): void {
    this.ended = true
    this.#accepted?.failed({ code: refusal.code, status: 101 })
    this.#send('task_failed', { base_resp: { status_code: refusal.code, status_msg: refusal.message } })
    this.#socket.close(1000)
  }

  async #handle(message: Fields | undefined, turn: number): Promise<void> {
    if (this.ended) return
    const event = text(message?.event)
    if (!message || (BIDI_EVENTS.includes(event) && !this.#bidi)) throw new Refusal(2202)
    if (this.#steps.delayMs !== undefined) await this.#wait(this.#steps.delayMs)
    if (event === 'task_start' && !this.#setting) {
      this.#start(message)
      return
    }
    if (!this.#setting) throw new Refusal(2202)
    if (event === 'task_continue') return this.#speak(text(message.text), turn)
    if (event === 'task_flush') {
      this.#send('task_flushed')
      return
    }
    if (event === 'task_cancel') {
      this.#send('task_canceled')
      return
    }
    if (event !== 'task_finish') throw new Refusal(2202)
    this.ended = true
    this.#send('task_finished')
    this.#socket.close(1000)
  }

  #start(message: Fields): void {
    const model = text(message.model)
    this.#accepted?.named(model)
    if (model.startsWith('scenario:')) this.#steps = { ...this.#steps, ...stepsOf(model.slice(9)) }
    const { refuse } = this.#steps
    if (refuse) throw new Refusal(refuse.code, refuse.message)
    needSpeechModel(message)
    needVoices(message, this.#world)
    this.#setting = message
    this.#send('task_started')
  }

  async #speak(spoken: string, turn: number): Promise<void> {
    const length = Array.from(spoken).length
    const skipped = spoken.trim() === '' ? 2203 : length > LIMIT ? 2204 : 0
    if (skipped > 0) {
      const base_resp = { status_code: skipped, status_msg: new Refusal(skipped).message }
      this.#send('task_continued', { data: null, extra_info: null, is_final: true, base_resp })
      return
    }
    const voice = isFields(this.#setting) ? needVoices(this.#setting, this.#world) : []
    const first = this.#world.voices.use(voice)
    const made = clip(this.#setting?.audio_setting, spokenMs(length))
    if (this.#bidi) this.#send('sentence_start', { data: { text: spoken } })
    const { huge } = this.#steps
    const parts = huge ? [Buffer.alloc(huge.megabytes * 512 * 1024, 0xff)] : cut(made, 3)
    for (const [i, part] of parts.entries()) {
      if (this.#gone.signal.aborted || turn !== this.#cancelled) return
      const is_final = i === parts.length - 1
      const extra_info = is_final ? extraInfo(made, spoken, first) : null
      const data = { audio: part.toString('hex'), status: is_final ? 2 : 1 }
      if (is_final)
        this.#accepted?.add({ characters: billedCharacters(spoken), ...(first > 0 ? { voices: first } : {}) })
      do {
        this.#send('task_continued', { data, extra_info, is_final })
        if (this.#steps.endlessMs !== undefined) await this.#drained(this.#steps.endlessMs)
      } while (this.#steps.endlessMs !== undefined)
      await this.#wait(this.#steps.chunkDelayMs ?? this.#world.options.chunkDelayMs ?? 0)
    }
    if (this.#bidi) this.#send('sentence_end', { data: { text: spoken } })
  }

  async #wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#gone.signal })
  }

  /** Waits until little is unsent, so that an endless session costs the emulator no memory. */
  async #drained(ms: number): Promise<void> {
    do await this.#wait(Math.max(1, ms))
    while (this.#socket.bufferedAmount > 1024 * 1024)
  }
}
