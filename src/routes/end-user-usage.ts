import { GatewayError } from '../errors.ts'
import type { EndUserUsageQuery, LedgerReader, UsageTotal } from '../store/store.ts'
import type { Range } from './range.ts'

const HOUR_MS = 3_600_000

/**
 * How long a time may be over which calls of end users are added up. An app may have any number of end users, so no totals
 * are kept by them as they are by user or model: each call is looked at, and a question must not keep those of others
 * waiting. 31 days and the hour that is rounded up.
 */
const LONGEST_MS = (31 * 24 + 1) * HOUR_MS

/**
 * What a user's end users, or one of them, or one session used.
 * @throws GatewayError `invalid_query` when the time holds too much to be added up call by call; or rejects as the books do
 */
export async function usageOfEndUsers(
  ledger: Pick<LedgerReader, 'usageOfEndUsers'>,
  query: EndUserUsageQuery & Range,
): Promise<readonly UsageTotal[]> {
  if (query.to - query.from > LONGEST_MS) {
    throw new GatewayError('invalid_query', 'What end users used is added up over at most 31 days.', {
      path: 'from',
    })
  }
  const totals = await ledger.usageOfEndUsers(query)
  if (totals === null) {
    throw new GatewayError('invalid_query', 'There are too many calls in that time: ask for a shorter one.', {
      path: 'from',
    })
  }
  return totals
}
