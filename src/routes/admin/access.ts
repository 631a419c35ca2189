import type { FastifyRequest } from 'fastify'

/** What an operator's credential may do, the most first. Each may do what those after it may. */
export const ROLES = ['owner', 'operator', 'read-only', 'metrics'] as const

export type Role = (typeof ROLES)[number]

/** What a change leaves in the audit log, beside who made it and from where. */
export interface AuditRule {
  /** What is changed: a noun and its id, as `user ada`. */
  readonly target: (request: FastifyRequest) => string
  /**
   * How the target stands now, as the admin API shows it: without any secret. Asked before and after the change.
   * Undefined (or left out): there is nothing to compare.
   */
  readonly view?: (request: FastifyRequest) => Promise<unknown>
}

/**
 * What every route of the operator's listener says about itself, in `config`. A route without `role` does not start:
 * nothing is let through because somebody forgot to say who may.
 */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** The least that its caller has to be. */
    role?: Role
    /** Of a route that changes something; others have none. */
    audit?: AuditRule
  }
}
