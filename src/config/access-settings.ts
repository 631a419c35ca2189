import { Type } from 'typebox'
import { choice, integer, text } from './kinds.ts'

/** The settings about requests for access; they stand among the others in schema.ts. */
export const accessSettings = {
  access_requests: choice(['off', 'on'], {
    description:
      'Whether people may ask for access at `POST /gateway/v1/access-requests` on the public listener: they leave a mail address, the operator approves, and a link that works once gives them a token. Needs PUBLIC_URL. See docs/access-requests.md.',
    default: 'off',
    examples: ['on'],
  }),
  access_request_plan: Type.Optional(
    text({
      description: 'The plan of users who come by a request, unless the operator names another. Unset: none.',
      examples: ['free'],
    }),
  ),
  access_requests_per_hour: integer(1, 10_000, {
    description:
      'How many requests for access are taken within an hour, whoever sends them, and how many mails go to prove addresses.',
    default: '60',
    examples: ['10'],
  }),
}
