import { isRecord, type TestGateway } from '../helpers/gateway.ts'

/** What a user is made with. */
export interface LimitedUser {
  readonly id: string
  readonly limits?: Record<string, unknown>
  readonly prepaid?: boolean
  readonly plan?: string
  /** Of the token. */
  readonly tokenLimits?: Record<string, unknown>
}

/** Makes a user and a token of theirs. @returns the token */
export async function limitedUser(gateway: TestGateway, user: LimitedUser): Promise<string> {
  const { id, tokenLimits, ...fields } = user
  await gateway.admin('POST', '/admin/v1/users', { id, name: id, ...fields })
  const { token } = await gateway.admin(
    'POST',
    `/admin/v1/users/${id}/tokens`,
    tokenLimits === undefined ? {} : { limits: tokenLimits },
  )
  if (typeof token !== 'string') throw new Error('no token was made')
  return token
}

/** A number that the gateway tells Prometheus; 0 where it has not been told yet. */
export async function metricOf(gateway: TestGateway, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`minimax_gateway_${name} `))
  return Number(line?.split(' ')[1] ?? 0)
}

/** How the budgets, rates and credit of a user stand. */
export async function standingOf(gateway: TestGateway, id: string): Promise<Record<string, unknown>> {
  return gateway.admin('GET', `/admin/v1/users/${id}/limits`)
}

/** A list that an answer holds; none where it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The first budget of those. */
export async function budgetOf(gateway: TestGateway, id: string): Promise<Record<string, unknown>> {
  const { budgets } = await standingOf(gateway, id)
  const [first] = listOf(budgets)
  if (!isRecord(first)) throw new Error('there is no budget')
  return first
}
