import { everySetting, type Setting } from '../src/config/describe.ts'

const HEAD = `<!-- Made by \`npm run docs\` from src/config/schema.ts. Change it there. -->

# Configuration

Every setting is an environment variable, or a key in a YAML file that the variable \`CONFIG\` names. The environment
stands over the file, the file over the default.

- \`NAME_FILE\` instead of \`NAME\` reads the value from a file (one newline at its end is dropped): the way to hand over
  secrets. Both at once is an error.
- An empty variable counts as unset.
- Durations are a number and a unit (\`500ms\`, \`30s\`, \`15m\`, \`24h\`, \`7d\`); a bare number is seconds. Lists are separated by
  commas; in the file they may be YAML lists.
- Every mistake is told at once when the gateway starts, with the variable or the line of the file, and the gateway does
  not start. A key in the file that is no setting is an error; a variable that only looks like a setting is a warning.
- Secrets are never printed, neither in messages nor in logs.

`

const FOOT = `
## As a file

\`\`\`yaml
# CONFIG=gateway.yaml npm start
port: 8080
admin_host: 10.0.0.5
price_multiplier: 1.25
plan_multipliers:
  - free=0.4
  - pro=1
drain_timeout: 120s
trusted_proxies:
  - 10.0.0.0/8
\`\`\`
`

const KINDS: Readonly<Record<string, string>> = {
  text: 'text',
  url: 'URL',
  choice: 'choice',
  integer: 'whole number',
  boolean: 'true, false',
  duration: 'duration',
  secret: 'secret',
  keys: 'secret, list',
  list: 'list',
  cidrs: 'list of networks',
  json: 'JSON',
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function defaultCell({ default: text }: Setting): string {
  if (text === undefined) return 'unset'
  return text === '' ? 'none' : `\`${text}\``
}

function kindCell({ kind, expects }: Setting): string {
  const words = KINDS[kind] ?? kind
  return kind === 'integer' || kind === 'choice' || kind === 'duration' ? expects : words
}

function row(setting: Setting): string {
  const example = setting.examples.map((text) => `\`${text}\``).join(', ')
  const cells = [
    `\`${setting.variable}\``,
    `\`${setting.name}\``,
    defaultCell(setting),
    kindCell(setting),
    `${setting.description} Example: ${example}.`,
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const table = ['| setting | key in the file | default | kind | what it does |', '|---|---|---|---|---|']
  return `${HEAD}${[...table, ...everySetting.map(row)].join('\n')}\n${FOOT}`
}
