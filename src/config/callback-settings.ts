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
          'Where people and MiniMax reach the public listener: https and a host, and a path where a proxy takes it off. Required for CALLBACK_URLS=relay, by which MiniMax calls the gateway there, and for ACCESS_REQUESTS=on, whose links lead there.',
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
