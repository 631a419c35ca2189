import type { FastifyRequest } from 'fastify'
import type { AuditRule } from './access.ts'

/** A field of an object that is a text; '' when there is none. */
export function textIn(value: unknown, name: string): string {
  const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  return typeof field === 'string' ? field : ''
}

/** The id in the address of a request. */
export const idIn = (request: FastifyRequest): string => textIn(request.params, 'id')

const named = (noun: string, id: string): string => (id === '' ? noun : `${noun} ${id}`)

/** Shows what has an id, as the admin API does. Rejects with `not_found` when it is not there. */
export type Show = (id: string) => Promise<unknown>

/**
 * The rule of a route that changes what its address names.
 * @param noun what that is, such as `user`
 */
export function changes(noun: string, show?: Show): AuditRule {
  return {
    target: (request) => named(noun, idIn(request)),
    ...(show && { view: (request) => show(idIn(request)) }),
  }
}

/**
 * The rule of a route that makes something: its id is in the answer, or was given in the body.
 * @param noun what that is, such as `user`
 */
export function makes(noun: string, show?: Show): AuditRule {
  const idOf = ({ body }: FastifyRequest, answer: unknown) => textIn(answer, 'id') || textIn(body, 'id')
  return {
    target: (request, answer) => named(noun, idOf(request, answer)),
    ...(show && {
      view: async (request, answer) => {
        const id = idOf(request, answer)
        return id === '' ? undefined : await show(id)
      },
    }),
  }
}

/**
 * The rule of a route that does something to what its address names and answers with all that came of it, without any
 * secret: there is nothing before, and the answer is what is kept.
 * @param noun what that is, such as `user`
 */
export function answers(noun: string): AuditRule {
  return {
    target: (request) => named(noun, idIn(request)),
    view: async (_request, answer) => answer,
  }
}
