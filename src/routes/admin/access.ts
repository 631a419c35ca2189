import type { FastifyRequest, RouteOptions } from 'fastify'
import type { OperatorIdentity } from '../../auth/operator-authenticator.ts'
import { OPERATOR_ROLES, type OperatorRole } from '../../store/store.ts'
import { NOTHING } from './fields.ts'

/** What an operator's credential may do, the most first. Each may do what those after it may. */
export const ROLES = OPERATOR_ROLES

export type Role = OperatorRole

/** What a change leaves in the audit log, beside who made it and from where. */
export interface AuditRule {
  /**
   * What is changed: a noun and its id, as `user ada`.
   * @param answer what the change was answered with; undefined before it is made, and when it was refused
   */
  readonly target: (request: FastifyRequest, answer?: unknown) => string
  /**
   * How the target stands now, as the admin API shows it: without any secret. Asked before and after the change; what is
   * not found, or undefined, is null in the log. Left out: there is nothing to compare.
   */
  readonly view?: (request: FastifyRequest, answer?: unknown) => Promise<unknown>
  /** Fields of the request that hold a secret, beside those that redact.ts knows by their names. */
  readonly secrets?: readonly string[]
}

/**
 * What every route of the operator's listener says about itself, in `config`. A route without `role` does not start:
 * nothing is let through because somebody forgot to say who may.
 */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** The least that its caller has to be. `open`: everybody, without a credential. */
    role?: Role | 'open'
    /** Of a route that changes something, or shows a secret; others have none. */
    audit?: AuditRule
  }
  interface FastifyRequest {
    /** Who calls the operator's listener; null: nobody yet, or the route asks nobody. */
    operator: OperatorIdentity | null
  }
}

/** Whether a role may do what asks for another. */
export function mayAct(role: Role, asked: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(asked)
}

/**
 * The hook that refuses routes which do not say who may use them, or change something and leave no trace.
 * @throws Error at the start
 */
export function requireRule({ method, url, config, schema }: RouteOptions): void {
  const route = `${[method].flat().join()} ${url}`
  if (config?.role === undefined) throw new Error(`the route ${route} does not say who may use it`)
  const isRead = [method].flat().every((one) => one === 'GET')
  if (config.role !== 'open' && !isRead && config.audit === undefined)
    throw new Error(`the route ${route} changes something and has no audit rule`)
  // The log names what was done by it.
  if (config.audit !== undefined && schema?.operationId === undefined)
    throw new Error(`the route ${route} has an audit rule and no operationId`)
}

/** The hook by which a change that takes no fields refuses those that are sent, as all others do: by name. */
export function refuseStrayFields({ config, method, schema }: RouteOptions): void {
  if (config?.audit === undefined || schema === undefined || method === 'GET') return
  schema.body ??= NOTHING
  schema.querystring ??= NOTHING
}
