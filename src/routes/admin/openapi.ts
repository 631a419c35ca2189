import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'

/** How the admin API describes itself; the routes add their own part. */
export function openApi(operations: readonly string[]): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'minimax-gateway admin API',
        version: '1',
        description: `What the operator does: users and their tokens, what these may use, used and are charged, and whose the objects on the account are. Errors are \`{error: {code, message, path?}}\`. Operations: ${operations.join(', ')}.`,
      },
      components: { securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } },
      security: [{ adminToken: [] }],
      tags: [
        { name: 'users', description: 'Tenants: persons or apps that the operator serves.' },
        { name: 'tokens', description: 'Credentials of users.' },
        { name: 'plans', description: 'Named sets of limits and terms that users have.' },
        { name: 'limits', description: 'How limits stand: what is used, held and left.' },
        { name: 'credit', description: 'Money that users pay ahead, and codes for it.' },
        {
          name: 'books',
          description: 'Calls that went to MiniMax: what they used and what is charged for them.',
        },
        { name: 'objects', description: 'What lives on the shared account, and whose it is.' },
        { name: 'abuse', description: 'Tokens that look leaked or abused, and what is done about them.' },
      ],
    },
  }
}
