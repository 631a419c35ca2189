import { readFileSync } from 'node:fs'
import type { Static } from 'typebox'
import { ResealedView, UpstreamKeysPage, UpstreamKeyView } from '../routes/admin/upstream-keys.ts'
import { REMOTE, type Arguments, type Command } from './command.ts'
import { CommandError, UsageError, type Io } from './io.ts'
import { printTable } from './table.ts'
import { apiFor } from './users.ts'

type Key = Static<typeof UpstreamKeyView>

const KEYS = '/admin/v1/upstream-keys'

const pathOf = (name = ''): string => `${KEYS}/${encodeURIComponent(name)}`

async function textFrom(input: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  if (input === undefined) throw new UsageError('write the key to stdin, or name --key-file')
  const chunks: Uint8Array[] = []
  for await (const chunk of input) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** @throws CommandError */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new CommandError('no_key', 'The file of --key-file cannot be read.')
  }
}

/**
 * The key, of --key-file or stdin: never of the command line, which every process of the machine can read.
 * @throws CommandError, which repeats nothing of it
 */
async function keyFrom({ options }: Arguments, io: Io): Promise<string> {
  const file = options['key-file']
  const text = file === undefined ? await textFrom(io.input) : textOf(file)
  const key = text.trim()
  if (key === '') throw new CommandError('no_key', 'There is no key: stdin, or the file, is empty.')
  return key
}

function weightFrom({ options: { weight } }: Arguments): number | undefined {
  if (weight === undefined) return undefined
  if (!/^[0-9]{1,3}$/.test(weight)) throw new UsageError('--weight takes a whole number from 1 to 100')
  return Number(weight)
}

function printKey(args: Arguments, io: Io, key: Key, done: string): number {
  if (args.isJson) io.out(JSON.stringify(key))
  else io.err(`${key.name} of account ${key.account} ${done} (${key.state}, weight ${key.weight}).`)
  return 0
}

function codesOf({ last_codes: codes }: Key): string {
  return [...new Set(codes.map(({ code }) => code))].join(',') || '-'
}

const list: Command = {
  words: 'keys list',
  positionals: [],
  options: REMOTE,
  summary: 'List the keys for MiniMax and how they stand, never the keys themselves',
  async run(args, io) {
    const { items } = await apiFor(args, io).call(UpstreamKeysPage, 'GET', KEYS)
    if (args.isJson) {
      io.out(JSON.stringify({ items }))
      return 0
    }
    printTable(
      io,
      ['NAME', 'ACCOUNT', 'WEIGHT', 'SOURCE', 'STATE', 'SINCE', 'IN FLIGHT', 'LAST CODES', 'FINGERPRINT'],
      items.map((key) => [
        key.name,
        key.account,
        String(key.weight),
        key.source,
        key.spent_for === null ? key.state : `${key.state} for ${key.spent_for.join(',')}`,
        key.since,
        String(key.inflight),
        codesOf(key),
        key.fingerprint ?? '-',
      ]),
    )
    return 0
  },
}

const add: Command = {
  words: 'keys add',
  positionals: ['NAME'],
  options: [...REMOTE, 'account', 'weight', 'key-file'],
  summary: 'Add a key for MiniMax, read from stdin or --key-file; it is used at once, and stored sealed',
  async run(args, io) {
    const body = {
      name: args.positionals[0],
      account: args.options.account,
      weight: weightFrom(args),
      key: await keyFrom(args, io),
    }
    return printKey(args, io, await apiFor(args, io).call(UpstreamKeyView, 'POST', KEYS, body), 'is added')
  },
}

const rotate: Command = {
  words: 'keys rotate',
  positionals: ['NAME'],
  options: [...REMOTE, 'key-file'],
  summary: 'Put another key, read from stdin or --key-file, in the place of a stored one',
  async run(args, io) {
    const path = `${pathOf(args.positionals[0])}/rotate`
    const body = { key: await keyFrom(args, io) }
    return printKey(args, io, await apiFor(args, io).call(UpstreamKeyView, 'POST', path, body), 'is replaced')
  },
}

function changing(words: string, summary: string, body: object, done: string): Command {
  return {
    words,
    positionals: ['NAME'],
    options: REMOTE,
    summary,
    async run(args, io) {
      const path = pathOf(args.positionals[0])
      return printKey(args, io, await apiFor(args, io).call(UpstreamKeyView, 'PATCH', path, body), done)
    },
  }
}

const weigh: Command = {
  words: 'keys weigh',
  positionals: ['NAME'],
  options: [...REMOTE, 'weight'],
  summary: 'Change the weight of a stored key',
  async run(args, io) {
    const weight = weightFrom(args)
    if (weight === undefined) throw new UsageError('"keys weigh" needs --weight NUMBER')
    const path = pathOf(args.positionals[0])
    return printKey(
      args,
      io,
      await apiFor(args, io).call(UpstreamKeyView, 'PATCH', path, { weight }),
      'is changed',
    )
  },
}

const remove: Command = {
  words: 'keys remove',
  positionals: ['NAME'],
  options: REMOTE,
  summary: 'Remove a stored key; calls under way go on with it',
  async run(args, io) {
    const path = pathOf(args.positionals[0])
    return printKey(args, io, await apiFor(args, io).call(UpstreamKeyView, 'DELETE', path), 'is removed')
  },
}

const reseal: Command = {
  words: 'keys reseal',
  positionals: [],
  options: REMOTE,
  summary: 'Seal every stored key with the first key of KEY_ENCRYPTION_KEY',
  async run(args, io) {
    const done = await apiFor(args, io).call(ResealedView, 'POST', `${KEYS}/reseal`)
    if (args.isJson) io.out(JSON.stringify(done))
    else
      io.err(
        `${done.resealed} key(s) are sealed anew. What opened them before may go from KEY_ENCRYPTION_KEY.`,
      )
    return 0
  },
}

/** Commands about keys for MiniMax. */
export const keyCommands: readonly Command[] = [
  list,
  add,
  rotate,
  weigh,
  changing('keys disable', 'Send no more calls with a key', { disabled: true }, 'is out of use'),
  changing('keys enable', 'Send calls with a key again', { disabled: false }, 'is in use'),
  remove,
  reseal,
]
