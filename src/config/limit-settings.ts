import { timeZoneProblem } from './checks.ts'
import { checked, duration, integer, modelLimits } from './kinds.ts'

/** The settings about what users may use, and about overload; they stand among the others in schema.ts. */
export const limitSettings = {
  time_zone: checked(
    'text',
    {
      description: 'The time zone in which the days and months of budgets begin.',
      default: 'UTC',
      examples: ['Asia/Shanghai', 'Europe/Berlin'],
    },
    timeZoneProblem,
  ),
  hold_output_tokens: integer(1, 10_000_000, {
    description:
      'How many tokens a chat call that names no maximum is taken to write at the most, when money is held for it, unless its plan, user or token says otherwise. A call that writes more is still charged in full.',
    default: '8192',
    examples: ['32768'],
  }),
  upstream_model_limits: modelLimits({
    description:
      "MiniMax's limits of one model for one account: requests a minute, and after a slash tokens a minute. Calls beyond them wait in turn, as for UPSTREAM_REQUESTS_PER_MINUTE.",
    default: '',
    examples: ['MiniMax-M3=200/10000000,speech-2.8-hd=60'],
  }),
  max_inflight: integer(0, 1_000_000, {
    description:
      'Most requests to MiniMax under way at a time in this process; beyond it they are refused at once with 503. 0 is no limit.',
    default: '20000',
    examples: ['5000'],
  }),
  overload_delay: duration('0s', {
    description:
      'How long work may wait for the processor of this process before new requests are refused with 503, those of the busiest users first; `0s` never refuses.',
    default: '200ms',
    examples: ['100ms', '0s'],
  }),
  idempotency_retention: duration('1m', {
    description: 'How long the answer to a request with an Idempotency-Key is given again.',
    default: '24h',
    examples: ['72h'],
  }),
  idempotency_max_answer: integer(0, 64 * 1024 * 1024, {
    description:
      'The largest answer, in bytes, that is kept for an Idempotency-Key; a larger one is not given again, nor is the call made twice. Large ones hold up other requests for some 20 ms per MB while they are written.',
    default: '1048576',
    examples: ['4194304'],
  }),
}
