import { duration, integer } from './kinds.ts'

/** The settings about the shared account's turns; they stand among the others in schema.ts. */
export const turnSettings = {
  upstream_concurrency: integer(0, 100_000, {
    description:
      'Most calls under way at a time on one MiniMax account. Beyond it calls wait, and users are served in turn; 0 is no limit.',
    default: '0',
    examples: ['100'],
  }),
  upstream_requests_per_minute: integer(0, 10_000_000, {
    description:
      "MiniMax's limit of requests a minute for one account: the calls are spread over the minute, and beyond it users are served in turn. 0: not known; one is assumed for a while when MiniMax refuses many calls for their number.",
    default: '0',
    examples: ['500'],
  }),
  upstream_queue_time: duration('1ms', {
    description: 'How long a call may wait for its turn at the MiniMax account before it is refused.',
    default: '5s',
    examples: ['10s'],
  }),
}
