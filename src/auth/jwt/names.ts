import { createHash } from 'node:crypto'
import { UNNAMED } from '../../call.ts'
import type { JwtIssuer } from '../../config/jwt-issuers.ts'

/** As the admin API takes ids of users. */
const USER_ID = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

/** As session tokens take names of end users. */
const END_USER = /^[\x21-\x7e]{1,128}$/

/** 120 bits: enough that nobody finds two names with the same one. */
const HASH_LENGTH = 20

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, HASH_LENGTH)
}

/** By what the books call the credential of an issuer's tokens. */
export function tokenIdOf({ name }: Pick<JwtIssuer, 'name'>): string {
  return `jwt_${name}`
}

/**
 * The id of the user whom a claim names. Unless the issuer shares users, it begins with the issuer's name and a dot, so
 * that no two issuers name the same user, and none names a user whom the operator made for another purpose.
 * @param claimed by the user claim of a valid token
 * @param names of all issuers: where ids are shared, those that belong to another issuer are not reached
 */
export function userIdOf(
  { name, sharesUsers }: Pick<JwtIssuer, 'name' | 'sharesUsers'>,
  claimed: string,
  names: readonly string[],
): string {
  const direct = sharesUsers ? claimed : `${name}.${claimed}`
  const isForeign =
    sharesUsers && (claimed.startsWith('jwt_') || names.some((other) => claimed.startsWith(`${other}.`)))
  if (!isForeign && USER_ID.test(direct)) return direct
  return `jwt_${name}_${hashOf(claimed)}`
}

/** An end user by the name that a claim gives; one that no session token could name has a hash for a name. */
export function endUserOf(claimed: string): string {
  if (claimed === '') return ''
  return END_USER.test(claimed) && claimed !== UNNAMED ? claimed : `jwt_${hashOf(claimed)}`
}
