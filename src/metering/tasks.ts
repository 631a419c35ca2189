import type { CallFacts } from '../minimax/meters.ts'
import { TASKS, taskIdOf } from '../minimax/tasks.ts'
import { isUnit, type Unit, type Usage } from '../minimax/units.ts'
import type { Bill, TaskOpening } from '../store/store.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds between two looks at a task grow by this factor, up to this many. */
const GROWTH = 1.5
const LONGEST_PAUSE = MINUTE
/** A pause is shortened by up to this part of it, so that tasks of one burst do not stay together. */
const JITTER = 0.2

/** How long tasks of an operation take. */
interface Pace {
  /** Milliseconds from the creation to the first look. */
  readonly first: number
  /** Milliseconds after which a task that has not ended never will. */
  readonly longest: number
}

const VIDEO: Pace = { first: 15 * SECOND, longest: 24 * HOUR }
/** The audio can be fetched for nine hours (speech-t2a-async-create). */
const SPEECH: Pace = { first: 5 * SECOND, longest: 9 * HOUR }

function paceOf(operation: string): Pace {
  return TASKS[operation]?.kind === 'speech' ? SPEECH : VIDEO
}

/** @returns milliseconds after which a task of the operation that is still running has expired */
export function longestRun(operation: string): number {
  return paceOf(operation).longest
}

/** @returns milliseconds from the creation of a task to the first look at it */
export function firstLook(operation: string): number {
  return paceOf(operation).first
}

/**
 * @param polls how often the task was looked at
 * @param random from 0 up to 1
 * @returns milliseconds until the next look
 */
export function nextLook(operation: string, polls: number, random: number): number {
  const pause = Math.min(LONGEST_PAUSE, paceOf(operation).first * GROWTH ** polls)
  return Math.round(pause * (1 - JITTER * random))
}

/** The call that made a task. */
export interface TaskOrigin {
  readonly requestId: string
  readonly userId: string
  readonly tokenId: string
  readonly operation: string
  /** As the books name it; '' when there is none. */
  readonly model: string
  readonly upstreamKey: string
}

/**
 * What is written down of a task before its maker learns its id.
 * @param facts what the request says about the cost
 * @param bill what the task costs when it ends well and its end does not say otherwise
 * @param answer the whole answer of the creation
 * @param at milliseconds since the Unix epoch
 * @returns undefined when the operation makes no tasks, or the answer names none
 */
export function taskOpeningOf(
  origin: TaskOrigin,
  facts: CallFacts,
  bill: Bill,
  answer: Buffer,
  at: number,
): TaskOpening | undefined {
  const taskId = taskIdOf(origin.operation, answer)
  if (taskId === undefined) return undefined
  return {
    taskId,
    upstreamKey: origin.upstreamKey,
    requestId: origin.requestId,
    userId: origin.userId,
    tokenId: origin.tokenId,
    operation: origin.operation,
    model: origin.model,
    bill,
    facts: JSON.stringify(facts),
    createdAt: at,
    nextPollAt: at + firstLook(origin.operation),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function usageFrom(value: unknown): Usage {
  if (!isRecord(value)) return {}
  const usage: Partial<Record<Unit, number>> = {}
  for (const [unit, quantity] of Object.entries(value)) {
    if (isUnit(unit) && typeof quantity === 'number') usage[unit] = quantity
  }
  return usage
}

/**
 * The facts that were kept with a task, also by an earlier version that knew fewer of them.
 * @param kept `TaskOpening.facts`
 * @returns undefined when it is not what was kept
 */
export function factsOf(kept: string): CallFacts | undefined {
  let facts: unknown
  try {
    facts = JSON.parse(kept)
  } catch {
    return undefined
  }
  if (!isRecord(facts) || typeof facts.operation !== 'string') return undefined
  return {
    operation: facts.operation,
    model: text(facts.model),
    stream: facts.stream === true,
    usage: usageFrom(facts.usage),
    promptTokens: number(facts.promptTokens) ?? 0,
    promptBytes: number(facts.promptBytes) ?? 0,
    promptImages: number(facts.promptImages) ?? 0,
    promptVideos: number(facts.promptVideos) ?? 0,
    maxOutputTokens: number(facts.maxOutputTokens),
    choices: number(facts.choices) ?? 1,
    searchesWeb: facts.searchesWeb === true,
    voices: texts(facts.voices),
    isTextInFile: facts.isTextInFile === true,
    serviceTier: text(facts.serviceTier),
    resolution: text(facts.resolution),
    duration: number(facts.duration),
    templateId: text(facts.templateId),
  }
}
