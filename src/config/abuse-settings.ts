import { Type } from 'typebox'
import { RESPONSES, SIGNALS } from '../signals.ts'
import { httpsUrlProblem, mailProblem, mailServerProblem, namedOf } from './checks.ts'
import { checked, choice, cidrs, duration, flag, integer, names, secret, text } from './kinds.ts'

/** The settings about metrics of users, and about abuse; they stand among the others in schema.ts. */
export const abuseSettings = {
  metrics_users: integer(0, 1_000, {
    description:
      'How many users, the busiest, have metrics of their own; all others are counted together as `_other`. A name that was given lasts until the next start, so there can be up to twice as many.',
    default: '50',
    examples: ['200'],
  }),
  abuse_response: choice(['off', ...RESPONSES], {
    description:
      'The furthest that the gateway goes by itself about a token that looks leaked or abused: `off` looks for nothing, `watch` logs, `notify` also tells, `throttle` also slows the token down to what is usual for it, `suspend` also stops it. See docs/abuse.md.',
    default: 'suspend',
    examples: ['notify'],
  }),
  abuse_shadow: names(
    {
      description:
        'Signals that are recorded with what they would have led to, and lead to nothing: names of docs/abuse.md, or `*`.',
      default: '',
      examples: ['novel_source,off_hours'],
    },
    namedOf('signal', [...Object.keys(SIGNALS), '*']),
  ),
  abuse_allow_networks: cidrs({
    description:
      'Networks from which any number of tokens and clients may come, such as an office or a build farm: they are no evidence.',
    default: '',
    examples: ['198.51.100.0/24,2001:db8::/48'],
  }),
  abuse_max_sources: integer(1, 100_000, {
    description:
      'Networks in a day from which a server token may be used before that is evidence by itself, whatever was usual for it. Halved at each suspension of the token, down to 20.',
    default: '50',
    examples: ['200'],
  }),
  abuse_retention: duration(
    '1h',
    {
      description: 'How long incidents that are over are kept.',
      default: '2160h',
      examples: ['720h'],
    },
    '3650d',
  ),
  geo_country_file: Type.Optional(
    text({
      description:
        'A database of countries by address (MMDB, as MaxMind and others write them). Unset: countries are no evidence.',
      examples: ['/data/country.mmdb'],
    }),
  ),
  geo_asn_file: Type.Optional(
    text({
      description:
        'A database of networks (autonomous systems) by address (MMDB). Unset: only address prefixes tell networks apart.',
      examples: ['/data/asn.mmdb'],
    }),
  ),
  // Whoever knows such an address may post there.
  notice_webhook_url: Type.Optional(
    secret(
      1,
      {
        description:
          'Where notices of incidents are posted, as JSON with a `text` that Slack and its like show; signed when NOTICE_WEBHOOK_SECRET is set.',
        examples: ['https://hooks.example.com/services/T000/B000'],
      },
      httpsUrlProblem,
    ),
  ),
  notice_webhook_secret: Type.Optional(
    secret(16, {
      description: 'Signs notices by HMAC-SHA-256; see docs/abuse.md.',
      examples: ['<output of: openssl rand -hex 32>'],
    }),
  ),
  smtp_url: Type.Optional(
    secret(
      1,
      {
        description:
          'The mail server for notices, with its user and password: `smtps://…`, or `smtp://…` with STARTTLS.',
        examples: ['smtps://user:password@mail.example.com'],
      },
      mailServerProblem,
    ),
  ),
  mail_from: Type.Optional(
    checked(
      'text',
      { description: 'The sender of notices.', examples: ['gateway@example.com'] },
      mailProblem,
    ),
  ),
  mail_to: Type.Optional(
    checked(
      'text',
      { description: 'Who of the operator gets notices of incidents.', examples: ['ops@example.com'] },
      mailProblem,
    ),
  ),
  mail_users: flag({
    description: "Whether the user of a token gets the notices of its incidents, at the user's address.",
    default: 'true',
    examples: ['false'],
  }),
  github_secret_scanning: flag({
    description:
      'Whether `POST /webhooks/github-secret-scanning` on the public listener takes reports of leaked tokens, as GitHub signs them.',
    default: 'false',
    examples: ['true'],
  }),
  github_keys_url: checked(
    'url',
    {
      description: "Where GitHub's public keys for these reports are read.",
      default: 'https://api.github.com/meta/public_keys/secret_scanning',
      examples: ['https://api.github.com/meta/public_keys/secret_scanning'],
    },
    httpsUrlProblem,
  ),
}
