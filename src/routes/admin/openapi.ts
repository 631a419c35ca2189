import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { NOTHING } from './fields.ts'

/** Who may make a call: what a route says in its `config`, for whoever reads the description. */
const withRole: NonNullable<FastifyDynamicSwaggerOptions['transform']> = ({ schema, url, route }) => {
  const { body, querystring, ...rest } = schema
  const fields = {
    ...(body !== undefined && body !== NOTHING && { body }),
    ...(querystring !== undefined && querystring !== NOTHING && { querystring }),
  }
  return { schema: { ...rest, ...fields, 'x-role': route.config?.role }, url }
}

/** How the admin API describes itself; the routes add their own part. */
export function openApi(operations: readonly string[]): FastifyDynamicSwaggerOptions {
  return {
    transform: withRole,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'minimax-gateway admin API',
        version: '1',
        description: `What the operator does: users and their tokens, what these may use, used and are charged, and whose the objects on the account are. Errors are \`{error: {code, message, path?}}\`. Operations: ${operations.join(', ')}.`,
      },
      components: {
        securitySchemes: {
          adminToken: {
            type: 'http',
            scheme: 'bearer',
            description:
              'ADMIN_TOKEN, which is the owner, or the admin token of an operator. Each call says in x-role the least role that it takes: owner, operator, read-only.',
          },
        },
      },
      security: [{ adminToken: [] }],
      tags: [
        { name: 'users', description: 'Tenants: persons or apps that the operator serves.' },
        { name: 'tokens', description: 'Credentials of users.' },
        { name: 'access', description: 'People who ask for access, and what is decided about them.' },
        { name: 'plans', description: 'Named sets of limits and terms that users have.' },
        { name: 'limits', description: 'How limits stand: what is used, held and left.' },
        { name: 'credit', description: 'Money that users pay ahead, and codes for it.' },
        {
          name: 'books',
          description: 'Calls that went to MiniMax: what they used and what is charged for them.',
        },
        { name: 'objects', description: 'What lives on the shared account, and whose it is.' },
        { name: 'operators', description: 'Who may use this API, and what they changed by it.' },
        { name: 'upstream keys', description: 'The keys for MiniMax, and how they stand.' },
        { name: 'abuse', description: 'Tokens that look leaked or abused, and what is done about them.' },
      ],
    },
  }
}
