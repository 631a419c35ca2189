import { duration } from './kinds.ts'

/** The settings about the tokens of users; they stand among the others in schema.ts. */
export const tokenSettings = {
  token_expiry_notice: duration(
    '0s',
    {
      description:
        'How long before a token ends by itself its user and the operator are told, once; 0 tells nobody. Tokens that were made for less than twice as long are left out.',
      default: '168h',
      examples: ['72h', '0'],
    },
    '365d',
  ),
}
