import { checkIssuers } from '../auth/jwt/check.ts'
import { readConfig } from './check-config.ts'
import type { Io } from './io.ts'

/**
 * Reads the keys of each identity provider of the settings, as the gateway will.
 * @returns a finding for each; none where the configuration is not right
 */
export async function issuerFindings({
  env,
}: Pick<Io, 'env'>): Promise<
  readonly { readonly check: string; readonly ok: boolean; readonly detail: string }[]
> {
  const read = await readConfig(env)
  if (!('config' in read)) return []
  const found = await checkIssuers(read.config.jwtIssuers)
  return found.map(({ name, ok, detail }) => ({ check: `identity provider ${name}`, ok, detail }))
}
