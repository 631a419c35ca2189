import { Type } from 'typebox'
import { encryptionKeysProblem } from './encryption-keys.ts'
import { duration, secret } from './kinds.ts'

/** The settings about keys for MiniMax beside the keys themselves; they stand among the others in schema.ts. */
export const keySettings = {
  key_encryption_key: Type.Optional(
    secret(
      43,
      {
        description:
          'With what keys for MiniMax that are added by the admin API are sealed before they are stored: 32 random bytes in base64 or hexadecimal, as of `openssl rand -base64 32`. Several separated by commas: the first seals, all open. Without it the admin API takes no keys.',
        examples: ['<32 random bytes in base64>'],
      },
      encryptionKeysProblem,
    ),
  ),
  upstream_key_retry: duration('0s', {
    description:
      'How long a key that MiniMax has refused (wrong, no balance, plan used up) is left alone before it is tried again; each refusal doubles that, up to thirty times as long. `0s` leaves none alone: a refused key is only used after all others.',
    default: '1m',
    examples: ['30s', '5m'],
  }),
}
