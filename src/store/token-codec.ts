import type { Selectable } from 'kysely'
import { limitsFromText, textFromLimits } from './limits-codec.ts'
import { namesFromText, textFromNames } from './names-codec.ts'
import type { Token, TokenStore } from './store.ts'
import type { TokenRow } from './user-tables.ts'

/** A token out of its row. @throws an error when what limits it is damaged */
export function tokenFromRow(row: Selectable<TokenRow>): Token {
  return {
    id: row.id,
    userId: row.user_id,
    kind: row.kind,
    name: row.name,
    hash: row.hash,
    operations: namesFromText(row.operations),
    models: namesFromText(row.models),
    origins: namesFromText(row.origins),
    networks: namesFromText(row.networks),
    limits: row.limits === null ? null : limitsFromText(row.limits),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    replacedBy: row.replaced_by,
    suspendedAt: row.suspended_at,
    suspendedBy: row.suspended_by,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
    expiryNoticedAt: row.expiry_noticed_at,
  }
}

/** A token as its row. */
export function rowFromToken(token: Token): TokenRow {
  return {
    id: token.id,
    user_id: token.userId,
    kind: token.kind,
    name: token.name,
    hash: token.hash,
    operations: textFromNames(token.operations),
    models: textFromNames(token.models),
    origins: textFromNames(token.origins),
    networks: textFromNames(token.networks),
    limits: token.limits && textFromLimits(token.limits),
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    revoked_at: token.revokedAt,
    replaced_by: token.replacedBy,
    suspended_at: token.suspendedAt,
    suspended_by: token.suspendedBy,
    last_used_at: token.lastUsedAt,
    last_used_address: token.lastUsedAddress,
    expiry_noticed_at: token.expiryNoticedAt,
  }
}

/** The columns of what is named; the others stay. */
export function columnsFromChange(change: Parameters<TokenStore['update']>[1]) {
  const { name, operations, models, origins, networks, limits, expiresAt } = change
  return {
    ...(name !== undefined && { name }),
    ...(operations !== undefined && { operations: textFromNames(operations) }),
    ...(models !== undefined && { models: textFromNames(models) }),
    ...(origins !== undefined && { origins: textFromNames(origins) }),
    ...(networks !== undefined && { networks: textFromNames(networks) }),
    ...(limits !== undefined && { limits: limits && textFromLimits(limits) }),
    ...(expiresAt !== undefined && { expires_at: expiresAt, expiry_noticed_at: null }),
  }
}
