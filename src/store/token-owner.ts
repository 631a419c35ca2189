import { sql, type Kysely } from 'kysely'
import { planFromRow } from './plan-store.ts'
import type { Plan, TokenStore } from './store.ts'
import type { Tables } from './tables.ts'
import { tokenFromRow } from './token-codec.ts'
import { userFromRow } from './users.ts'

/** A plan's columns are null together, where there is no such plan. */
function given<Value>(value: Value | null): Value {
  if (value === null) throw new TypeError('a plan in the database is damaged')
  return value
}

function selectOwner(db: Kysely<Tables>) {
  return db
    .selectFrom('tokens')
    .innerJoin('users', 'users.id', 'tokens.user_id')
    .leftJoin('plans', 'plans.id', 'users.plan')
    .selectAll('tokens')
    .select([
      'users.name as user_name',
      'users.email',
      'users.plan',
      'users.multiplier',
      'users.limits as user_limits',
      'users.prepaid',
      'users.end_user_limits',
      'users.status',
      'users.created_at as user_created_at',
      'users.updated_at',
    ])
    .select([
      'plans.id as plan_id',
      'plans.name as plan_name',
      'plans.limits as plan_limits',
      'plans.end_user_limits as plan_end_user_limits',
      'plans.multiplier as plan_multiplier',
      'plans.operations as plan_operations',
      'plans.models as plan_models',
      'plans.prepaid as plan_prepaid',
      'plans.created_at as plan_created_at',
      'plans.updated_at as plan_updated_at',
      sql<string | null>`cast(plans.free_credit as text)`.as('plan_free_credit'),
    ])
}

type OwnerRow = Awaited<ReturnType<ReturnType<typeof selectOwner>['executeTakeFirstOrThrow']>>

function planOf(row: OwnerRow): Plan | null {
  if (row.plan_id === null) return null
  return planFromRow({
    id: row.plan_id,
    name: row.plan_name,
    limits: given(row.plan_limits),
    end_user_limits: row.plan_end_user_limits,
    multiplier: row.plan_multiplier,
    operations: row.plan_operations,
    models: row.plan_models,
    prepaid: given(row.plan_prepaid),
    free_credit: given(row.plan_free_credit),
    created_at: given(row.plan_created_at),
    updated_at: given(row.plan_updated_at),
  })
}

function ownerOf(row: OwnerRow | undefined): Awaited<ReturnType<TokenStore['findByHash']>> {
  if (row === undefined) return undefined
  const user = userFromRow({
    ...row,
    id: row.user_id,
    name: row.user_name,
    limits: row.user_limits,
    created_at: row.user_created_at,
  })
  return { token: tokenFromRow(row), user, plan: planOf(row) }
}

/** See `TokenStore.findByHash`. One statement, so that the three belong together. */
export async function findOwner(db: Kysely<Tables>, hash: string): ReturnType<TokenStore['findByHash']> {
  return ownerOf(await selectOwner(db).where('tokens.hash', '=', hash).executeTakeFirst())
}

/** See `TokenStore.findById`. */
export async function findOwnerById(db: Kysely<Tables>, id: string): ReturnType<TokenStore['findById']> {
  return ownerOf(await selectOwner(db).where('tokens.id', '=', id).executeTakeFirst())
}
