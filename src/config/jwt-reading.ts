import { parseDuration } from '../lib/durations.ts'
import { keysOf } from '../lib/jwk.ts'
import type { JwtAlgorithm, JwtIssuer, JwtKeySource } from './jwt-issuers.ts'
import { fieldProblems, isWrittenIssuer, type WrittenIssuer } from './jwt-written.ts'

const DEFAULT_ALGORITHMS: readonly JwtAlgorithm[] = ['RS256', 'ES256', 'EdDSA', 'PS256']
const DEFAULT_LEEWAY = '30s'
const DEFAULT_MAX_AGE = '24h'

/** The most issuers that are taken: each costs a look at every token. */
const MAX_ISSUERS = 32

function audiencesOf({ audience }: WrittenIssuer): readonly string[] {
  return typeof audience === 'string' ? [audience] : audience
}

/** What is wrong between fields that are each right by themselves. */
function relationProblems(written: WrittenIssuer): string[] {
  const { user, user_claim: userClaim, create_users: creates = false, jwks } = written
  const problems: string[] = []
  const sources = [written.jwks_uri, written.jwks_file, jwks].filter((source) => source !== undefined)
  if (sources.length > 1) problems.push(': has several of jwks_uri, jwks_file and jwks. Keep one')
  if (jwks !== undefined && (keysOf(jwks)?.length ?? 0) < jwks.keys.length)
    problems.push(
      '.jwks: has a key that is no public key for signatures, is too weak, or has the kid of another. Take it out',
    )
  if (user !== undefined && userClaim !== undefined)
    problems.push(
      '.user_claim: says the same as user: who the user is. Keep one; end_user_claim names end users',
    )
  if (user !== undefined && creates)
    problems.push('.create_users: makes no sense with a fixed user. Take it out')
  if (user !== undefined && written.user_namespace !== undefined)
    problems.push('.user_namespace: makes no sense with a fixed user. Take it out')
  if (creates && written.plan === undefined)
    problems.push('.plan: is needed with create_users: without a plan nothing would limit the users')
  if (!creates && (written.plan !== undefined || written.plan_claim !== undefined))
    problems.push(
      `.${written.plan === undefined ? 'plan_claim' : 'plan'}: is of users who are made. Set create_users, or take it out`,
    )
  return problems
}

/** What is wrong with one issuer because of those before it. */
function repetitions(written: WrittenIssuer, before: readonly WrittenIssuer[]): string[] {
  const problems: string[] = []
  if (before.some(({ name }) => name === written.name))
    problems.push('.name: is that of an earlier issuer. Give each its own')
  const own = audiencesOf(written)
  const isShared = (other: WrittenIssuer) =>
    other.issuer === written.issuer && audiencesOf(other).some((audience) => own.includes(audience))
  if (before.some(isShared))
    problems.push('.audience: stands with an earlier entry of the same issuer. A token must fit one alone')
  return problems
}

/** Issuers out of JSON or YAML; problems are lines that begin with a path, as `[0].audience: is missing`. */
function read(text: string): { readonly written: readonly WrittenIssuer[]; readonly problems: string[] } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return {
      written: [],
      problems: [': is not valid JSON. Write a list of issuers, as in docs/jwt.md'],
    }
  }
  if (!Array.isArray(value) || value.length > MAX_ISSUERS)
    return { written: [], problems: [`: is not a list of up to ${MAX_ISSUERS} issuers`] }
  const written: WrittenIssuer[] = []
  const problems: string[] = []
  for (const [at, entry] of value.entries()) {
    const found = fieldProblems(entry)
    if (found.length === 0 && isWrittenIssuer(entry)) {
      found.push(...relationProblems(entry), ...repetitions(entry, written))
      written.push(entry)
    }
    problems.push(...found.map((problem) => `[${at}]${problem}`))
  }
  return { written, problems }
}

/** Everything that is wrong, a line each, which begins with the path; undefined: nothing. */
export function jwtIssuersProblem(text: string): string | undefined {
  const { problems } = read(text)
  return problems.length === 0 ? undefined : problems.join('\n')
}

function keySourceOf({ jwks_uri: url, jwks_file: path, jwks }: WrittenIssuer): JwtKeySource {
  if (url !== undefined) return { kind: 'url', url }
  if (path !== undefined) return { kind: 'file', path }
  return jwks === undefined ? { kind: 'discovery' } : { kind: 'keys', keys: keysOf(jwks) ?? [] }
}

function issuerOf(written: WrittenIssuer): JwtIssuer {
  const { user = null, end_user_claim: endUserClaim } = written
  return Object.freeze({
    name: written.name,
    issuer: written.issuer,
    audiences: Object.freeze([...audiencesOf(written)]),
    keys: Object.freeze(keySourceOf(written)),
    algorithms: Object.freeze([...(written.algorithms ?? DEFAULT_ALGORITHMS)]),
    userClaim: user === null ? (written.user_claim ?? 'sub') : null,
    user,
    // All tokens are one user's: what tells their holders apart is the end user.
    endUserClaim: endUserClaim ?? (user === null ? null : 'sub'),
    planClaim: written.plan_claim ?? null,
    plan: written.plan ?? null,
    createsUsers: written.create_users ?? false,
    sharesUsers: written.user_namespace === 'shared',
    leewayMs: parseDuration(written.leeway ?? DEFAULT_LEEWAY),
    maxAgeMs: parseDuration(written.max_age ?? DEFAULT_MAX_AGE),
    requiredClaims: Object.freeze({ ...written.required_claims }),
    operations: written.operations ?? null,
    models: written.models ?? null,
    origins: written.origins ?? null,
  })
}

/** The issuers of a text that has no problem. */
export function jwtIssuersOf(text: string): readonly JwtIssuer[] {
  return Object.freeze(read(text).written.map(issuerOf))
}
