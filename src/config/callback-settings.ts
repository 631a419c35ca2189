import { Type } from 'typebox'
import { callbackHostProblem, publicUrlProblem } from './checks.ts'
import { checked, choice, names } from './kinds.ts'

/** The settings about `callback_url`; they stand among the others in schema.ts. */
export const callbackSettings = {
  callback_urls: choice(['off', 'allow', 'relay'], {
    description:
      'What becomes of `callback_url` in a request: `off` refuses it; `allow` lets MiniMax call public https addresses, unsigned; `relay` has MiniMax call the gateway at PUBLIC_URL, which hands on what it says, signed. See docs/callbacks.md.',
    default: 'off',
    examples: ['allow'],
  }),
  public_url: Type.Optional(
    checked(
      'url',
      {
        description:
          'Where MiniMax reaches the public listener from the internet: https and a host, nothing after them. Required for CALLBACK_URLS=relay.',
        examples: ['https://gateway.example.com'],
      },
      publicUrlProblem,
    ),
  ),
  callback_allowed_hosts: names(
    {
      description:
        'The only hosts that `callback_url` may name; `*.` stands for every name below one. Empty: any public host.',
      default: '',
      examples: ['hooks.example.com,*.apps.example.com'],
    },
    callbackHostProblem,
  ),
}
