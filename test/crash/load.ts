import { at } from '../helpers/calls.ts'
import { planCall, type Made } from './calls.ts'
import { callOverHttp, callOverSocket, type Note } from './clients.ts'
import { between } from './random.ts'

/** How many of a hundred calls are WebSocket sessions. */
const SESSIONS = 8
const KEPT = 200

/** Many clients that call one gateway after the other. */
export class Load {
  readonly notes: Note[] = []
  /** Answers that came in full. */
  received = 0
  readonly #random: () => number
  readonly #made: Made = { tasks: [], files: [] }
  #count = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /**
   * Calls until it is told to stop.
   * @param workers calls at a time
   * @returns stops: resolves when no call is under way any more
   */
  start(url: string, token: string, workers: number): () => Promise<void> {
    let isOver = false
    const work = async (): Promise<void> => {
      while (!isOver) this.#keep(await this.#call(url, token))
    }
    const all = Promise.all(Array.from({ length: workers }, work))
    return async () => {
      isOver = true
      await all
    }
  }

  #call(url: string, token: string): Promise<Note> {
    this.#count += 1
    const marker = `mark-${this.#count.toString(36)}x`
    if (this.#random() * 100 < SESSIONS)
      return callOverSocket(url, token, marker, between(this.#random, 1, 3))
    return callOverHttp(url, token, marker, planCall(this.#random, marker, this.#made))
  }

  #keep(note: Note): void {
    const { operation, isWhole, status, body } = note
    if (isWhole && status === 200 && operation === 'video.create')
      this.#remember(this.#made.tasks, idAt(body, 'task_id'))
    if (isWhole && status === 200 && operation === 'files.upload')
      this.#remember(this.#made.files, idAt(body, 'file.file_id'))
    if (isWhole) this.received += 1
    this.notes.push({ ...note, body: status === 200 || status === 101 ? '' : note.body.slice(0, 300) })
  }

  #remember(list: string[], id: string): void {
    if (list.push(id) > KEPT) list.shift()
  }
}

function idAt(body: string, path: string): string {
  const id = at(JSON.parse(body), path)
  return typeof id === 'number' || typeof id === 'string' ? id.toString() : ''
}
