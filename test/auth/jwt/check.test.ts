import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkIssuers } from '../../../src/auth/jwt/check.ts'
import { configOf } from '../../config/helper.ts'
import { newKey, startIdentityProvider } from '../../helpers/identity-provider.ts'

const issuersOf = (...issuers: readonly Record<string, unknown>[]) =>
  configOf({ JWT_ISSUERS: JSON.stringify(issuers) }).jwtIssuers

it('tells of each issuer whether its keys can be read, and why not', async () => {
  await using provider = await startIdentityProvider()
  const folder = await mkdtemp(join(tmpdir(), 'jwt-check-'))
  const path = join(folder, 'keys.json')
  await writeFile(path, JSON.stringify({ keys: [(await newKey('ES256', 'a')).jwk] }))
  const audience = 'gateway'
  const found = await checkIssuers(
    issuersOf(
      { name: 'good', issuer: provider.issuer, audience },
      { name: 'wrong', issuer: `${provider.issuer}/`, audience },
      { name: 'file', issuer: 'https://file.example', audience, jwks_file: path },
      { name: 'missing', issuer: 'https://missing.example', audience, jwks_file: join(folder, 'none') },
      { name: 'away', issuer: provider.issuer, audience: 'x', jwks_uri: `${provider.issuer}/keys` },
    ),
  )
  await rm(folder, { recursive: true })
  expect(found.map(({ name, ok }) => [name, ok])).toEqual([
    ['good', true],
    ['wrong', false],
    ['file', true],
    ['missing', false],
    ['away', true],
  ])
  expect(found[1]?.detail).toContain('is of another issuer')
  expect(found[3]?.detail).toContain('ENOENT')
})
