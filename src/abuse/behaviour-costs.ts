import type { CallEvent } from './event.ts'
import { loadLogHistogram, LogHistogram } from './quantiles.ts'
import { DAY_MS, HOUR_MS, LEARNING_MS, numbersOf } from './source-times.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import { Recent } from './behaviour-recent.ts'
import type { Observation } from './watcher.ts'

/** Modalities of which one call costs as much as many of the others. */
export const DEAR: readonly string[] = ['video', 'music', 'voice']

/** The least cost that is told from less, in nano-units. */
const LEAST_COST = 1_000
const FAR = 5
const ENOUGH_CALLS = 500
/** Far dearer calls in an hour that are worth watching, and telling. */
const [FEW, MANY] = [3, 10]
const PACE = 1 / 14
const FADING = 1 - PACE
const NEWS_MS = DAY_MS
const OFF_HOURS_MS = 21 * DAY_MS
const OFF_SHARE = 0.01
const OFF_PART = 0.2
const HOURS = 24

/** What a token's calls cost and when: dear modalities that are new, calls far dearer than its own, spending off hours. */
export class Costs {
  #since = 0
  #day = -1
  #today = 0
  /** Money of a usual day, by the hour of UTC, in nano-units. */
  #hours = new Array<number>(HOURS).fill(0)
  #todayHours = new Array<number>(HOURS).fill(0)
  #costs = new LogHistogram(LEAST_COST)
  #p99 = 0
  readonly #far = new Recent(HOUR_MS)
  /** When each dear modality was first used; 0: never. */
  #firsts = DEAR.map(() => 0)
  #calls = 0
  #sum = 0

  /** The mean cost of a call in nano-units, of the days before as far as they are known. */
  get mean(): number {
    return this.#calls === 0 ? 0 : this.#sum / this.#calls
  }

  /** When the token was first seen; 0: never. */
  get since(): number {
    return this.#since
  }

  /** Whether a dear modality has been used for a day or longer. */
  isUsual(modality: string, at: number): boolean {
    const first = this.#firsts[DEAR.indexOf(modality)] ?? 0
    return first !== 0 && at - first >= DAY_MS
  }

  /** @param cost nano-units */
  observe({ at, modality, outcome }: CallEvent, cost: number): void {
    if (this.#since === 0) this.#since = at
    this.#turn(at)
    this.#calls++
    this.#sum += cost
    const dear = DEAR.indexOf(modality)
    if (dear >= 0 && outcome === 'ok' && this.#firsts[dear] === 0) this.#firsts[dear] = at
    if (cost <= 0) return
    const hour = Math.floor(at / HOUR_MS) % HOURS
    this.#today += cost
    this.#todayHours[hour] = (this.#todayHours[hour] ?? 0) + cost
    if (this.#p99 > 0 && cost > FAR * this.#p99) this.#far.add(at)
    this.#costs.add(cost)
  }

  #turn(at: number): void {
    const day = Math.floor(at / DAY_MS)
    if (day <= this.#day) return
    if (this.#day >= 0) {
      this.#hours = this.#hours.map((usual, hour) => usual + PACE * ((this.#todayHours[hour] ?? 0) - usual))
      this.#p99 = this.#costs.total >= ENOUGH_CALLS ? this.#costs.quantile(0.99) : 0
      this.#costs.decay(FADING)
      this.#calls *= FADING
      this.#sum *= FADING
    }
    this.#todayHours.fill(0)
    this.#today = 0
    this.#day = day
  }

  /** What is new about its costs. */
  look(now: number): readonly Observation[] {
    this.#turn(now)
    return [this.#shift(now), this.#offHours(now)].filter((found) => found !== undefined)
  }

  #usualDay(): number {
    return this.#hours.reduce((sum, hour) => sum + hour, 0)
  }

  #shift(now: number): Observation | undefined {
    const far = this.#far.count(now)
    const at = this.#firsts.findIndex((first) => {
      return first !== 0 && now - first < NEWS_MS && first - this.#since >= LEARNING_MS
    })
    const modality = DEAR[at]
    const isKnown = now - this.#since >= LEARNING_MS
    if (modality === undefined && !(isKnown && far >= FEW)) return undefined
    const isMuch = far >= MANY || (modality !== undefined && this.#today > 2 * this.#usualDay())
    const evidence = { ...(modality === undefined ? {} : { modality }), dear_calls: far }
    return { signal: 'modality_shift', strength: isMuch ? 0.5 : 0.25, evidence }
  }

  #offHours(now: number): Observation | undefined {
    const usual = this.#usualDay()
    if (usual <= 0 || now - this.#since < OFF_HOURS_MS) return undefined
    let off = 0
    this.#todayHours.forEach((cost, hour) => {
      if ((this.#hours[hour] ?? 0) < OFF_SHARE * usual) off += cost
    })
    if (off < OFF_PART * usual) return undefined
    return {
      signal: 'off_hours',
      strength: 0.25,
      evidence: { percent_of_day: Math.round((100 * off) / usual) },
    }
  }

  /** As JSON. */
  save(): unknown {
    return {
      now: [this.#since, this.#day, this.#today, this.#p99, this.#calls, this.#sum],
      hours: this.#hours,
      today: this.#todayHours,
      costs: this.#costs.save(),
      far: this.#far.save(),
      firsts: this.#firsts,
    }
  }

  /** Takes back what `save` gave; anything else is nothing. */
  load(saved: unknown): this {
    const lists = ['now', 'hours', 'today', 'firsts'].map((name) => numbersOf(fieldOf(saved, name), HOURS))
    const [now = [], hours = [], today = [], firsts = []] = lists
    const isWhole = now.length === 6 && hours.length === HOURS && today.length === HOURS
    if (!isWhole || firsts.length !== DEAR.length || !lists.flat().every(isAmount)) return this
    const [since = 0, day = 0, spent = 0, p99 = 0, calls = 0, sum = 0] = now
    this.#since = since
    this.#day = day
    this.#today = spent
    this.#p99 = p99
    this.#calls = calls
    this.#sum = sum
    this.#hours = hours
    this.#todayHours = today
    this.#firsts = firsts
    this.#costs = loadLogHistogram(fieldOf(saved, 'costs'), LEAST_COST) ?? this.#costs
    this.#far.load(fieldOf(saved, 'far'))
    return this
  }
}
