import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { newRequestId } from '../../lib/ids.ts'
import type { AuditEnd, AuditOpening, AuditStore } from '../../store/store.ts'
import type { AuditRule } from './access.ts'
import { textIn } from './audit-rule.ts'
import { redacted } from './redact.ts'

/** The longest JSON that an entry keeps of a request, or of what was there: an operator must not fill the disk. */
const LONGEST = 32 * 1024
const LONGEST_TARGET = 300

/** What the audit log is written with. */
export interface AuditTrailOptions {
  readonly audit: Pick<AuditStore, 'begin' | 'end'>
  readonly clock: Pick<Clock, 'now'>
}

/** A change that is about to be made. */
interface Begun {
  readonly id: string
  readonly before: unknown
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const text = JSON.stringify(value)
  return text.length <= LONGEST ? text : JSON.stringify({ too_long: text.length })
}

function targetOf(rule: AuditRule, request: FastifyRequest, answer?: unknown): string {
  return String(redacted(rule.target(request, answer))).slice(0, LONGEST_TARGET)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields that are different, on both sides; what is only on one side is kept whole. */
function differenceOf(before: unknown, after: unknown): Pick<AuditEnd, 'before' | 'after'> {
  if (isDeepStrictEqual(before, after)) return { before: null, after: null }
  if (!isObject(before) || !isObject(after)) return { before: textOf(before), after: textOf(after) }
  const was = new Map<string, unknown>(Object.entries(before))
  const is = new Map<string, unknown>(Object.entries(after))
  const changed = (from: typeof was) =>
    [...from].filter(([name]) => !isDeepStrictEqual(was.get(name), is.get(name)))
  return { before: textOf(Object.fromEntries(changed(was))), after: textOf(Object.fromEntries(changed(is))) }
}

/** How the target stands now, without secrets; null: it is not there. */
async function viewOf(rule: AuditRule, request: FastifyRequest, answer?: unknown): Promise<unknown> {
  try {
    return redacted((await rule.view?.(request, answer)) ?? null, rule.secrets)
  } catch (error) {
    if (error instanceof GatewayError && error.status === 404) return null
    throw error
  }
}

/** What was sent, once it was found to be right: no field is in it that the route does not know. */
function requestOf({ query, body }: FastifyRequest, { secrets }: AuditRule): string | null {
  const sent = { ...(isObject(query) ? query : {}), ...(isObject(body) ? body : {}) }
  return textOf(redacted(sent, secrets))
}

const OUTCOMES = [
  [500, 'failed'],
  [400, 'refused'],
] as const

function outcomeOf(status: number): AuditEnd['outcome'] {
  return OUTCOMES.find(([least]) => status >= least)?.[1] ?? 'done'
}

/** The code of the error that an answer tells; null: it tells none. */
function errorIn(answer: unknown): string | null {
  const error: unknown = isObject(answer) ? Reflect.get(answer, 'error') : undefined
  return textIn(error, 'code') || null
}

/**
 * Writes down every change that an operator makes: an entry is on disk before the change is begun, and what came of it
 * before the change is answered. Without an entry nothing is changed. What is refused before its handler runs (by its role,
 * by its schema) has an entry as well, without its fields: nobody has found out which of them are secrets.
 */
export function auditTrail(app: FastifyInstance, { audit, clock }: AuditTrailOptions): void {
  const begun = new WeakMap<FastifyRequest, Begun>()
  const answers = new WeakMap<FastifyRequest, unknown>()
  const ended = new WeakSet<FastifyRequest>()

  /** @param request fields; null: they are not looked at */
  async function begin(of: FastifyRequest, rule: AuditRule, request: string | null): Promise<string> {
    const { operator, routeOptions, method, ip, id: requestId } = of
    if (operator === null) throw new GatewayError('internal')
    const at = clock.now()
    const opening: AuditOpening = {
      id: `aud_${newRequestId(at)}`,
      at,
      operatorId: operator.id,
      operatorName: operator.name,
      role: operator.role,
      address: ip,
      method,
      route: routeOptions.url ?? '',
      action: routeOptions.schema?.operationId ?? '',
      target: targetOf(rule, of),
      request,
      requestId,
    }
    await audit.begin(opening)
    return opening.id
  }

  async function changeOf(request: FastifyRequest, rule: AuditRule, before: unknown, answer: unknown) {
    try {
      return differenceOf(before, await viewOf(rule, request, answer))
    } catch (error) {
      // It is done, and that stands in the log; only how things stand now could not be read.
      request.log.error({ err: error }, 'what a change came to could not be read for the audit log')
      return { before: null, after: null }
    }
  }

  async function end(request: FastifyRequest, reply: FastifyReply, rule: AuditRule, entry: Begun) {
    const told = answers.get(request)
    const { statusCode: status } = reply
    const answer = status < 400 ? told : undefined
    await audit.end(entry.id, {
      target: targetOf(rule, request, answer),
      status,
      outcome: outcomeOf(status),
      error: errorIn(told),
      ...(await changeOf(request, rule, entry.before, answer)),
    })
  }

  app.addHook('preHandler', async (request) => {
    const rule = request.routeOptions.config.audit
    if (rule === undefined) return
    try {
      const before = await viewOf(rule, request)
      begun.set(request, { id: await begin(request, rule, requestOf(request, rule)), before })
    } catch (error) {
      throw new GatewayError('audit_unavailable', undefined, { cause: error })
    }
  })

  app.addHook('preSerialization', async (request, _reply, payload: unknown) => {
    if (request.routeOptions.config.audit !== undefined) answers.set(request, payload)
    return payload
  })

  app.addHook('onSend', async (request, reply, payload: unknown) => {
    const rule = request.routeOptions.config.audit
    if (rule === undefined || request.operator === null) return payload
    const entry = begun.get(request)
    if (entry === undefined && errorIn(answers.get(request)) === 'audit_unavailable') return payload
    // What fails on its way out is answered a second time.
    if (ended.has(request)) return payload
    ended.add(request)
    try {
      const refused = entry ?? { id: await begin(request, rule, null), before: null }
      await end(request, reply, entry === undefined ? { target: rule.target } : rule, refused)
    } catch (error) {
      // The change is made, or there was none; an entry that stays as begun says that its end is not known.
      request.log.error({ err: error }, 'the audit log could not be told how a change ended')
    }
    return payload
  })
}
