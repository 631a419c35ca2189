import { describe, expect, it } from 'vitest'
import { anAdminServer } from './helper.ts'

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  responses?: object
}

async function operations(): Promise<[name: string, operation: Operation][]> {
  const { call } = await anAdminServer()
  const { body } = await call('GET', '/openapi.json')
  const { paths } = body as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )
}

describe('the description of the admin API', () => {
  it('is OpenAPI 3.1 and asks for the admin token', async () => {
    const { call } = await anAdminServer()
    expect((await call('GET', '/openapi.json')).body).toMatchObject({
      openapi: '3.1.0',
      security: [{ adminToken: [] }],
      components: { securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } },
    })
  })

  it('holds every route', async () => {
    expect((await operations()).map(([name]) => name).sort()).toEqual([
      'DELETE /admin/v1/credit-codes/{id}',
      'DELETE /admin/v1/exemptions/{id}',
      'DELETE /admin/v1/operators/{id}',
      'DELETE /admin/v1/plans/{id}',
      'DELETE /admin/v1/tokens/{id}',
      'DELETE /admin/v1/users/{id}',
      'DELETE /admin/v1/users/{id}/objects',
      'GET /admin/v1/access-requests',
      'GET /admin/v1/access-requests/{id}',
      'GET /admin/v1/audit',
      'GET /admin/v1/credit-codes',
      'GET /admin/v1/exemptions',
      'GET /admin/v1/incidents',
      'GET /admin/v1/incidents/{id}',
      'GET /admin/v1/objects',
      'GET /admin/v1/operators',
      'GET /admin/v1/operators/me',
      'GET /admin/v1/plans',
      'GET /admin/v1/plans/{id}',
      'GET /admin/v1/requests',
      'GET /admin/v1/requests/{id}',
      'GET /admin/v1/tokens',
      'GET /admin/v1/tokens/{id}',
      'GET /admin/v1/tokens/{id}/limits',
      'GET /admin/v1/usage',
      'GET /admin/v1/users',
      'GET /admin/v1/users/{id}',
      'GET /admin/v1/users/{id}/balance',
      'GET /admin/v1/users/{id}/callback-secret',
      'GET /admin/v1/users/{id}/credits',
      'GET /admin/v1/users/{id}/end-users',
      'GET /admin/v1/users/{id}/limits',
      'GET /admin/v1/users/{id}/sources',
      'GET /admin/v1/users/{id}/tokens',
      'PATCH /admin/v1/plans/{id}',
      'PATCH /admin/v1/tokens/{id}',
      'PATCH /admin/v1/users/{id}',
      'POST /admin/v1/access-requests/{id}/approve',
      'POST /admin/v1/access-requests/{id}/reject',
      'POST /admin/v1/access-requests/{id}/resend',
      'POST /admin/v1/credit-codes',
      'POST /admin/v1/exemptions',
      'POST /admin/v1/incidents/{id}/dismiss',
      'POST /admin/v1/incidents/{id}/rotate',
      'POST /admin/v1/operators',
      'POST /admin/v1/operators/{id}/rotate',
      'POST /admin/v1/plans',
      'POST /admin/v1/token-checks',
      'POST /admin/v1/tokens/{id}/rotate',
      'POST /admin/v1/users',
      'POST /admin/v1/users/{id}/credits',
      'POST /admin/v1/users/{id}/end-users/{end_user}/reinstate',
      'POST /admin/v1/users/{id}/end-users/{end_user}/suspend',
      'POST /admin/v1/users/{id}/session-tokens',
      'POST /admin/v1/users/{id}/tokens',
    ])
  })

  it('gives every route a name of its own, a summary, a tag and its errors', async () => {
    const all = await operations()
    expect(new Set(all.map(([, { operationId }]) => operationId)).size).toBe(all.length)
    for (const [, operation] of all) {
      expect(operation).toMatchObject({
        operationId: expect.any(String) as string,
        summary: expect.any(String) as string,
        tags: [expect.any(String) as string],
        responses: { default: expect.any(Object) as object },
      })
    }
  })
})
