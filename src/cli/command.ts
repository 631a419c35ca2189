import { parseArgs } from 'node:util'
import { UsageError, type Io } from './io.ts'

/** Every option there is; a command takes those it names. */
export const OPTIONS = {
  json: { type: 'boolean', value: '', help: 'Print JSON' },
  help: { type: 'boolean', short: 'h', value: '', help: 'Say how it is used' },
  url: {
    type: 'string',
    value: 'URL',
    help: 'Address of the admin API (default: from ADMIN_HOST and ADMIN_PORT)',
  },
  'admin-token-file': {
    type: 'string',
    value: 'FILE',
    help: 'File with the admin token (default: ADMIN_TOKEN, ADMIN_TOKEN_FILE, then DATA_DIR/admin-token)',
  },
  name: { type: 'string', value: 'TEXT', help: 'A name for people to read' },
  email: { type: 'string', value: 'ADDRESS', help: 'E-mail address' },
  plan: { type: 'string', value: 'PLAN', help: 'Plan' },
  multiplier: {
    type: 'string',
    value: 'NUMBER',
    help: 'What they pay, as a multiple of the list price, such as 0.4',
  },
  status: { type: 'string', value: 'STATUS', help: 'Only active or only suspended ones' },
  'expires-in': { type: 'string', value: 'DURATION', help: 'Lifetime, such as 12h or 30d (default: no end)' },
  operations: {
    type: 'string',
    value: 'LIST',
    help: 'Operations it may use, such as chat.*,speech.sync (default: all)',
  },
  models: { type: 'string', value: 'LIST', help: 'Models it may use, by name (default: all)' },
  origins: {
    type: 'string',
    value: 'LIST',
    help: 'Web origins from whose pages alone it may be used, such as https://app.example.com (default: any)',
  },
  file: {
    type: 'string',
    multiple: true,
    value: 'PATH',
    help: 'A file or a folder to look through; again for more',
  },
  prefix: { type: 'string', value: 'TEXT', help: 'How tokens begin (default: TOKEN_PREFIX)' },
  'no-mail': { type: 'boolean', value: '', help: 'Send no mail: print the link' },
  offline: { type: 'boolean', value: '', help: 'Ask no gateway' },
  revoke: { type: 'boolean', value: '', help: 'Revoke the tokens that live' },
  grace: {
    type: 'string',
    value: 'DURATION',
    help: 'How long the old token goes on working (default: not at all)',
  },
  by: {
    type: 'string',
    value: 'GROUP',
    help: 'user, token, model, modality, operation or end_user (default: user)',
  },
  from: {
    type: 'string',
    value: 'TIME',
    help: 'Since then: 2026-01-31T12:00:00Z, 2026-01-31, or 7d, 24h ago',
  },
  to: { type: 'string', value: 'TIME', help: 'Until then (default: now)' },
  user: { type: 'string', value: 'ID', help: 'Only of this user' },
  token: { type: 'string', value: 'ID', help: 'Only of this token; of a session: what it is made of' },
  'max-spend': { type: 'string', value: 'AMOUNT', help: 'What it may spend in all, such as 0.25' },
  'max-calls': { type: 'string', value: 'NUMBER', help: 'How many calls it may make in all' },
  sub: { type: 'string', value: 'NAME', help: "The user of the user's own app who holds it" },
  'end-user': { type: 'string', value: 'NAME', help: "Only of this end user of the user's app" },
  'end-users': {
    type: 'boolean',
    value: '',
    help: "They count for each end user of the user's app instead of for the user",
  },
  operation: { type: 'string', value: 'NAME', help: 'Only of this operation, such as chat.native' },
  outcome: {
    type: 'string',
    value: 'OUTCOME',
    help: 'Only those that ended so, such as ok or provider_error',
  },
  kind: { type: 'string', value: 'KIND', help: 'Only of this kind, such as file, voice or video_task' },
  objects: {
    type: 'string',
    value: 'delete|keep',
    help: "Whether MiniMax is to delete what the user made, or to keep it as nobody's",
  },
  prepaid: {
    type: 'string',
    value: 'yes|no',
    help: 'Whether they spend only credit; alone it says yes',
  },
  'free-credit': {
    type: 'string',
    value: 'AMOUNT',
    help: 'Credit that those who pay ahead get once, on coming to the plan',
  },
  'requests-per-minute': { type: 'string', value: 'NUMBER', help: 'Most requests a minute, or none' },
  'tokens-per-minute': { type: 'string', value: 'NUMBER', help: 'Most tokens a minute, or none' },
  concurrency: { type: 'string', value: 'NUMBER', help: 'Most calls under way at a time, or none' },
  'max-output-tokens': {
    type: 'string',
    value: 'NUMBER',
    help: 'What a chat call without a maximum is taken to write at the most, or none',
  },
  budget: {
    type: 'string',
    multiple: true,
    value: 'BUDGET',
    help: '5.00/day, images:100/month, a ":soft" after it; again or after a comma for more; or none',
  },
  model: { type: 'string', value: 'NAME', help: 'The rates that are given count for this model alone' },
  state: {
    type: 'string',
    value: 'STATE',
    help: 'Only those in this state, such as open (incidents) or verified (access)',
  },
  signal: {
    type: 'string',
    value: 'NAME',
    help: 'Only those with this as the strongest signal, such as distinct_sources',
  },
  signals: { type: 'string', value: 'LIST', help: 'Signals that lead to nothing (default: all)' },
  for: { type: 'string', value: 'DURATION', help: 'How long it holds, such as 7d; at most 90d' },
  reason: { type: 'string', value: 'TEXT', help: 'Why; it stays on record' },
  id: { type: 'string', value: 'ID', help: 'Of your own, so that a change sent twice is made once' },
  uses: { type: 'string', value: 'NUMBER', help: 'How many users may redeem a code (default: 1)' },
  count: { type: 'string', value: 'NUMBER', help: 'How many codes (default: 1)' },
  cidrs: { type: 'string', value: 'LIST', help: 'Networks from which alone it may be used (default: any)' },
  account: {
    type: 'string',
    value: 'NAME',
    help: 'The MiniMax account of a key, by your name for it (default: its own)',
  },
  weight: {
    type: 'string',
    value: 'NUMBER',
    help: 'Share of the calls beside other keys, 1 to 100 (default: 1)',
  },
  'key-file': { type: 'string', value: 'FILE', help: 'File with a key for MiniMax (default: stdin)' },
  role: { type: 'string', value: 'ROLE', help: 'owner, operator, read-only or metrics' },
  operator: {
    type: 'string',
    value: 'ID',
    help: 'Only by this operator; owner: the admin token of the settings',
  },
  action: { type: 'string', value: 'NAME', help: 'Only of this call, such as changeUser' },
  target: { type: 'string', value: 'TEXT', help: 'Only of this, such as "user ada"' },
  limit: { type: 'string', value: 'NUMBER', help: 'Most lines of the page: 1 to 1000 (default: 100)' },
  cursor: { type: 'string', value: 'TEXT', help: 'Go on where the page before ended' },
} as const

export type OptionName = keyof typeof OPTIONS

/** Options that every command takes. */
export const SHARED: readonly OptionName[] = ['json', 'help']

/** Options of the commands that speak to a gateway. */
export const REMOTE: readonly OptionName[] = ['url', 'admin-token-file']

/** What the command line gave to a command. */
export interface Arguments {
  readonly positionals: readonly string[]
  readonly options: Readonly<Partial<Record<OptionName, string>>>
  readonly isJson: boolean
}

export interface Command {
  /** The words that call it, e.g. `token create`. */
  readonly words: string
  /** Its positional arguments as the help shows them; those in brackets may be left out. */
  readonly positionals: readonly string[]
  readonly options: readonly OptionName[]
  readonly summary: string
  /** @returns the exit code */
  run(args: Arguments, io: Io): Promise<number>
}

/** `--prepaid` alone says yes: what stands after it is its value only where it is one. */
function withPrepaid(argv: readonly string[]): string[] {
  const isAlone = (index: number): boolean => !/^(?:yes|no|none)$/.test(argv[index + 1] ?? '')
  return argv.map((word, index) => (word === '--prepaid' && isAlone(index) ? '--prepaid=yes' : word))
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: withPrepaid(argv), options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the arguments cannot be read')
  }
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

/** The command line taken apart: its words, its options, and whether JSON or help is asked for. */
export function parseLine(argv: readonly string[]) {
  const { values, positionals } = parse(argv)
  const given = Object.entries(values).flatMap(([name, value]): [OptionName, string][] => {
    if (!isOption(name) || SHARED.includes(name)) return []
    // A path may have a comma in it.
    const text = Array.isArray(value) ? value.join(name === 'file' ? '\n' : ',') : value
    if (text === true) return [[name, 'yes']]
    return typeof text === 'string' ? [[name, text]] : []
  })
  return {
    positionals,
    options: Object.fromEntries(given) as Arguments['options'],
    isJson: values.json === true,
    isHelp: values.help === true,
  }
}

/** @throws UsageError when a command was given what it does not take, or not what it needs */
export function checkArguments(command: Command, args: Arguments): void {
  const strange = Object.keys(args.options).find((name) => !command.options.some((known) => known === name))
  if (strange !== undefined) throw new UsageError(`"${command.words}" has no option --${strange}`)
  const needed = command.positionals.filter((name) => !name.startsWith('['))
  const missing = needed[args.positionals.length]
  if (missing !== undefined) throw new UsageError(`"${command.words}" needs ${missing}`)
  const extra = args.positionals[command.positionals.length]
  if (extra !== undefined) throw new UsageError(`"${command.words}" does not know what to do with "${extra}"`)
}
