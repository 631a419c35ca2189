import { Type, type StaticDecode } from 'typebox'
import { abuseSettings } from './abuse-settings.ts'
import { accessSettings } from './access-settings.ts'
import { auditSettings } from './audit-settings.ts'
import { callbackSettings } from './callback-settings.ts'
import { baseUrlProblem, databaseUrlProblem, hostProblem, redisUrlProblem } from './checks.ts'
import {
  apiKey,
  checked,
  choice,
  cidrs,
  duration,
  flag,
  integer,
  origins,
  secret,
  text,
  upstreamKeys,
  voiceNames,
} from './kinds.ts'
import { jwtSettings } from './jwt-settings.ts'
import { keySettings } from './key-settings.ts'
import { limitSettings } from './limit-settings.ts'
import { moneySettings } from './money-settings.ts'
import { tokenSettings } from './token-settings.ts'
import { turnSettings } from './turn-settings.ts'
import type { KeyFile, UpstreamKey } from './upstream-keys.ts'

/**
 * Every setting, once: type, rules, default and documentation. A property name is the key in the YAML file;
 * in capitals it is the environment variable. Defaults are written as in the environment.
 */
export const settings = Type.Object({
  minimax_api_key: Type.Optional(
    apiKey({
      description:
        'The key that calls MiniMax. It never reaches clients, logs, metrics or the database. This or MINIMAX_API_KEYS is required.',
      examples: ['<your key>'],
    }),
  ),
  minimax_api_keys: Type.Optional(
    upstreamKeys({
      description:
        'Several keys with names, to spread load and survive the failure of one. A key in MINIMAX_API_KEY joins them under the name `default`. Keys of one MiniMax account are written `name@account=key`: files, voices and tasks belong to the account that made them, and a key without one is taken for an account of its own. A weight after a `*` gives a key that many times the calls of another. With MINIMAX_API_KEYS_FILE the file is read again when it changes.',
      examples: ['main=<key>,spare=<key>', 'a1@acme*3=<key>,a2@acme=<key>'],
    }),
  ),
  minimax_group_id: Type.Optional(
    text(
      {
        description: 'The group of the MiniMax account, for operations that still want one (`GroupId`).',
        examples: ['1234567890123456789'],
      },
      { pattern: '^[0-9A-Za-z_-]{1,64}$', expects: '1 to 64 letters, digits, _ or -' },
    ),
  ),
  minimax_base_url: checked(
    'url',
    {
      description: 'Where MiniMax answers: scheme and host, nothing after them.',
      default: 'https://api.minimax.chat',
      examples: ['https://api.minimax.io', 'http://127.0.0.1:9090'],
    },
    baseUrlProblem,
  ),
  minimax_allow_plain_http: flag({
    description:
      'Allows MINIMAX_BASE_URL without TLS to a host that is not this machine. The key then travels unencrypted: for emulators only.',
    default: 'false',
    examples: ['true'],
  }),
  minimax_ca_file: Type.Optional(
    text({
      description:
        'A file of certificate authorities (PEM) trusted for MiniMax beside the usual ones, for networks that inspect TLS.',
      examples: ['/etc/ssl/company-ca.pem'],
    }),
  ),
  host: checked(
    'text',
    {
      description: 'Address of the public listener: the API, the portal and `/livez`.',
      default: '0.0.0.0',
      examples: ['127.0.0.1', '::'],
    },
    hostProblem,
  ),
  port: integer(0, 65_535, {
    description: 'Port of the public listener; 0 takes any free one.',
    default: '8080',
    examples: ['8080'],
  }),
  admin_host: checked(
    'text',
    {
      description:
        "Address of the operator's listener: admin API, `/metrics`, `/readyz`. Keep it away from the internet.",
      default: '127.0.0.1',
      examples: ['10.0.0.5'],
    },
    hostProblem,
  ),
  admin_port: integer(0, 65_535, {
    description: "Port of the operator's listener; 0 takes any free one.",
    default: '8081',
    examples: ['8081'],
  }),
  admin_token: Type.Optional(
    secret(32, {
      description:
        'What the admin API asks for. Unset: made at the first start and written once to `DATA_DIR/admin-token` with mode 0600.',
      examples: ['<output of: openssl rand -hex 32>'],
    }),
  ),
  metrics_token: Type.Optional(
    secret(16, {
      description:
        'What `/metrics` asks for. Unset: `/metrics` takes the admin token, or no token from loopback.',
      examples: ['<output of: openssl rand -hex 16>'],
    }),
  ),
  data_dir: text({
    description: 'Folder of the database and of the secrets that the gateway makes for itself. Back it up.',
    default: './data',
    examples: ['/var/lib/minimax-gateway'],
  }),
  database_url: checked(
    'url',
    {
      description:
        'The store of users, tokens and the ledger. Only `sqlite:` and a file path in this version.',
      default: 'sqlite:DATA_DIR/gateway.db',
      examples: ['sqlite:/data/gateway.db'],
    },
    databaseUrlProblem,
  ),
  redis_url: Type.Optional(
    checked(
      'url',
      {
        description:
          'Reserved for counters shared by replicas. Refused in this version: counters live in the process.',
        examples: ['unset'],
      },
      redisUrlProblem,
    ),
  ),
  ...moneySettings,
  ...callbackSettings,
  shared_voices: voiceNames({
    description:
      "Voices of the account that every user may use, by MiniMax's own names: clones or designs of the operator's. System voices are everybody's anyway.",
    default: '',
    examples: ['house-narrator-1,house-narrator-2'],
  }),
  cors_origins: origins({
    description:
      'Web origins whose pages may call the API with any token; those that a token names are let in with that token. A request of any other page is refused.',
    default: '',
    examples: ['https://app.example.com,https://admin.example.com'],
  }),
  trusted_proxies: cidrs({
    description:
      "Networks of the reverse proxies in front of the gateway, whose `X-Forwarded-For` tells the client's address.",
    default: '',
    examples: ['10.0.0.0/8,fd00::/8'],
  }),
  log_level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    description: 'The least severe log line to write.',
    default: 'info',
    examples: ['debug'],
  }),
  log_format: choice(['auto', 'json', 'pretty'], {
    description: 'How log lines look; `auto` is `pretty` in a terminal and `json` elsewhere.',
    default: 'auto',
    examples: ['json'],
  }),
  drain_timeout: duration('0s', {
    description:
      "How long open requests and streams may run on after a stop signal. The container's own stop period must be longer.",
    default: '60s',
    examples: ['120s'],
  }),
  on_caller_gone: choice(['cancel', 'drain'], {
    description:
      'When a caller leaves mid-stream: `cancel` stops MiniMax at once; `drain` reads on to the end of the answer.',
    default: 'cancel',
    examples: ['drain'],
  }),
  token_prefix: text(
    {
      description: 'How issued tokens begin (`mmg_…`), so that people and secret scanners recognise them.',
      default: 'mmg',
      examples: ['acme'],
    },
    {
      pattern: '^[a-z][a-z0-9]{1,11}$',
      expects: 'a lower-case letter and 1 to 11 lower-case letters or digits',
    },
  ),
  token_pepper: Type.Optional(
    secret(32, {
      description:
        'Key of the token hashes. Unset: made in DATA_DIR at the first start. If it is lost or changed, every token stops working.',
      examples: ['<output of: openssl rand -hex 32>'],
    }),
  ),
  address_requests_per_minute: integer(0, 10_000_000, {
    description: 'Flood limit per client address, before anything else is looked at; 0 is no limit.',
    default: '6000',
    examples: ['600'],
  }),
  auth_failures_per_minute: integer(1, 1_000_000, {
    description: 'Failed credentials per client address before it is refused for the rest of the minute.',
    default: '60',
    examples: ['20'],
  }),
  upstream_connect_timeout: duration('1ms', {
    description: 'How long a connection to MiniMax may take to open.',
    default: '10s',
    examples: ['5s'],
  }),
  upstream_connections: integer(0, 100_000, {
    description: 'Most connections to MiniMax at a time; 0 is no limit.',
    default: '0',
    examples: ['256'],
  }),
  ...turnSettings,
  ...limitSettings,
  ...abuseSettings,
  ...accessSettings,
  ...tokenSettings,
  ...jwtSettings,
  ...auditSettings,
  ...keySettings,
  body_timeout: duration('1ms', {
    description: 'How long a client may take to send a JSON body.',
    default: '30s',
    examples: ['10s'],
  }),
  headers_timeout: duration('1ms', {
    description: 'How long a client may take to send its request headers.',
    default: '10s',
    examples: ['5s'],
  }),
  max_buffered_bytes: integer(1024, Number.MAX_SAFE_INTEGER, {
    description:
      'Most bytes of request bodies held in memory, over all requests; beyond it callers are told to retry.',
    default: '536870912',
    examples: ['134217728'],
  }),
  max_connections: integer(1, 10_000_000, {
    description: 'Most open connections on the public listener.',
    default: '20000',
    examples: ['5000'],
  }),
  websocket_idle_timeout: duration('1ms', {
    description: 'How long a WebSocket may stay silent in both directions.',
    default: '120s',
    examples: ['60s'],
  }),
  websocket_max_duration: duration('1ms', {
    description: 'How long a WebSocket may stay open.',
    default: '1h',
    examples: ['30m'],
  }),
  stream_max_duration: duration('1ms', {
    description: 'How long a streamed answer may last.',
    default: '1h',
    examples: ['15m'],
  }),
})

/** The settings as the schema reads them, under the names of the YAML file. */
export type Settings = StaticDecode<typeof settings>

/** The name of a setting as the YAML file writes it. */
export type SettingName = keyof Settings

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

type Frozen<T> = T extends readonly (infer Item)[] ? readonly Item[] : T

/**
 * The settings as the code reads them: durations in milliseconds, lists as arrays, secrets as `Secret`.
 * Both settings that hold upstream keys are one list here.
 */
export type Config = Readonly<{
  [Name in Exclude<SettingName, 'minimax_api_key' | 'minimax_api_keys'> as CamelCase<Name>]: Frozen<
    Settings[Name]
  >
}> & {
  readonly upstreamKeys: readonly UpstreamKey[]
  /** Those files among the settings that hold upstream keys. */
  readonly upstreamKeyFiles: readonly KeyFile[]
}
