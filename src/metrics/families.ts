/** What every name begins with. */
export const PREFIX = 'minimax_gateway_'

/** One family of series: what is written in its `# HELP` and which labels its series have. */
export interface Family<Label extends string = string> {
  /** Without the prefix. */
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
}

function family<const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): Family<Label> {
  return { name, help, labels }
}

/** Everything that the gateway tells Prometheus of itself, beside what the runtime tells. Money is in the currency of the price list. */
export const FAMILIES = {
  requests: family('requests_total', 'Requests by operation, model and how they ended.', [
    'operation',
    'model',
    'outcome',
  ]),
  seconds: family('request_seconds', 'From the first byte of a request to the last byte of its answer.', [
    'operation',
  ]),
  firstByte: family(
    'first_byte_seconds',
    'From the first byte of a request to the first byte that upstream answered.',
    ['operation'],
  ),
  overhead: family('overhead_seconds', 'From the first byte of a request until it was sent upstream.', [
    'operation',
  ]),
  inflight: family('inflight', 'Requests under way.', ['operation']),
  usage: family(
    'usage_total',
    'What was used and billed, in native units; _other: all users that have no series of their own.',
    ['user', 'model', 'unit'],
  ),
  charged: family('charged_usd_total', 'What users pay, in the currency of the price list.', ['user']),
  list: family('list_usd_total', "The same usage at MiniMax's list prices, in their currency.", ['user']),
  authAttempts: family('auth_attempts_total', 'Attempts to authenticate, by how they ended.', ['result']),
  adminAuthAttempts: family(
    'admin_auth_attempts_total',
    "Requests to the operator's listener, by how their admin token was judged.",
    ['result'],
  ),
  limited: family('limited_total', 'Requests that a limit refused.', ['limit']),
  providerCodes: family('provider_codes_total', "MiniMax's own codes of failure.", ['code']),
  keyUp: family('upstream_key_up', 'Whether calls are sent with an upstream key now: 1 or 0.', ['key']),
  keyState: family(
    'upstream_key_state',
    'How an upstream key stands: 1 for the state that it is in, 0 for the others.',
    ['key', 'state'],
  ),
  keyInflight: family('upstream_key_inflight', 'Calls that have an upstream key.', ['key']),
  keyReloads: family(
    'upstream_key_reloads_total',
    'Changes of the files of upstream keys, by what came of them.',
    ['result'],
  ),
  keyMasked: family('key_masked_total', 'Times that the master key was masked in what upstream answered.'),
  priceLookups: family('price_lookups_total', 'Calls by how their price was found, or why they have none.', [
    'status',
  ]),
  priceReloads: family(
    'prices_reloads_total',
    "Changes of the operator's file of prices, by what came of them.",
    ['result'],
  ),
  budgetsPassed: family('soft_budgets_passed_total', 'Soft budgets that were used up, once for each period.'),
  held: family(
    'held_usd',
    'Money that is held for calls and tasks under way, in the currency of the price list.',
  ),
  holds: family('holds', 'Calls and tasks under way for which something is held.'),
  tasks: family('tasks', 'Tasks that the books have, by what they make and by state.', ['kind', 'state']),
  draining: family('draining', 'Whether the gateway takes no new calls because it is about to stop: 1 or 0.'),
  incidents: family(
    'incidents_total',
    'Abuse that was found: incidents by their strongest signal and the step that was taken.',
    ['signal', 'response'],
  ),
  abuseFailures: family('abuse_failures_total', 'Times that the detection of abuse failed; calls went on.'),
  tokensExpiring: family(
    'tokens_expiring',
    'Tokens that end by themselves within TOKEN_EXPIRY_NOTICE, at the last look; 0 where nobody is told of it.',
  ),
  lastUsedFailures: family(
    'last_used_failures_total',
    'Times that the last uses of tokens could not be written; they are tried again a minute later.',
  ),
  jwksFetches: family(
    'jwks_fetches_total',
    'Times that the public keys of an identity provider were read, by how that ended.',
    ['issuer', 'result'],
  ),
  accessRequests: family('access_requests_total', 'Requests for access, by what they came to.', ['state']),
  accessOpen: family('access_requests_open', 'Requests for access that may still lead to a token.'),
  ledgerCommit: family(
    'ledger_commit_seconds',
    'How long the store took to write a group of changes of the ledger to the disk.',
  ),
  turnWait: family(
    'turn_wait_seconds',
    'How long calls waited for their turn at a MiniMax account; those that went at once are not counted.',
  ),
  seriesFolded: family(
    'series_folded_total',
    'Series that were folded into another because there were too many; no count was lost.',
  ),
  lost: family('metrics_lost_total', 'Amounts that are in no metric because they are no quantities.'),
} as const

/** Seconds, from the fastest refusal to the longest song. */
export const LATENCY = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800]
/** Seconds that the gateway itself takes. */
export const OVERHEAD = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25]
/** Seconds of one write to the disk. */
export const COMMIT = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
