import { Type, type Static } from 'typebox'
import { HIGHEST_WEIGHT, KEY_NAME, keyProblem } from '../../config/upstream-keys.ts'
import { GatewayError } from '../../errors.ts'
import { formatTime } from '../../lib/times.ts'
import { KEY_STATES } from '../../proxy/key-health.ts'
import type { KeyRing, KeyView } from '../../proxy/key-ring.ts'
import type { AuditRule } from './access.ts'
import { textIn } from './audit-rule.ts'
import { closed, next, time } from './fields.ts'
import { ErrorView } from './schemas.ts'
import type { AdminServer } from './validation.ts'

const tags = ['upstream keys']

/** The longest key that fits a header beside all others. */
const LONGEST_KEY = 4096

const name = Type.String({
  pattern: KEY_NAME.source,
  description: 'Name: up to 32 of a-z, 0-9, _ and -, beginning with a letter or digit.',
})
const weight = Type.Integer({
  minimum: 1,
  maximum: HIGHEST_WEIGHT,
  description: `Its share of the calls beside other keys: 1 to ${HIGHEST_WEIGHT}.`,
})
const key = Type.String({
  minLength: 1,
  maxLength: LONGEST_KEY,
  description: 'The key for MiniMax, alone: visible ASCII characters without spaces and commas.',
})

const NewKeyBody = Type.Object(
  {
    name,
    account: Type.Optional(
      Type.String({
        pattern: KEY_NAME.source,
        description: 'The MiniMax account that it belongs to, by your name for it; left out: one of its own.',
      }),
    ),
    weight: Type.Optional(weight),
    key,
  },
  closed,
)
const KeyChangeBody = Type.Object(
  {
    weight: Type.Optional(weight),
    disabled: Type.Optional(Type.Boolean({ description: 'Whether no calls are to be sent with it.' })),
  },
  { ...closed, minProperties: 1 },
)
const RotateKeyBody = Type.Object({ key }, closed)
const KeyParams = Type.Object({ name }, closed)

/** An upstream key, as the API shows it: never the key. */
export const UpstreamKeyView = Type.Object({
  name: Type.String(),
  account: Type.String(),
  weight: Type.Integer(),
  source: Type.Enum(['setting', 'file', 'stored'], {
    description: 'Where it comes from: a setting, a file that is watched, or this API.',
  }),
  state: Type.Enum([...KEY_STATES, 'sealed'], {
    description: 'sealed: KEY_ENCRYPTION_KEY cannot open it, so that it is not used.',
  }),
  since: Type.String({ format: 'date-time', description: 'Since when it stands so.' }),
  spent_for: Type.Union([Type.Array(Type.String()), Type.Null()], {
    description: 'Modalities for which its plan is used up. Null: none, or it is spent for all.',
  }),
  inflight: Type.Integer({ description: 'Calls that have it.' }),
  last_codes: Type.Array(Type.Object({ code: Type.Integer(), at: time }), {
    description: "MiniMax's last codes of failure with it, newest first.",
  }),
  fingerprint: Type.Union([Type.String(), Type.Null()], {
    description:
      'The first 8 hexadecimal digits of its SHA-256, to tell it from the one before. Null: it is sealed.',
  }),
})
/** All upstream keys. */
export const UpstreamKeysPage = Type.Object({ items: Type.Array(UpstreamKeyView), next })
/** What sealing anew has done. */
export const ResealedView = Type.Object({ resealed: Type.Integer() })

function viewOf(one: KeyView): Static<typeof UpstreamKeyView> {
  return {
    name: one.name,
    account: one.account,
    weight: one.weight,
    source: one.source,
    state: one.state,
    since: formatTime(one.since),
    spent_for: one.spentFor === null ? null : [...one.spentFor],
    inflight: one.inflight,
    last_codes: one.codes.map(({ code, at }) => ({ code, at: formatTime(at) })),
    fingerprint: one.fingerprint === '' ? null : one.fingerprint,
  }
}

/** @throws GatewayError `invalid_request`, which repeats nothing of the key */
function checkKey(text: string): void {
  const problem = keyProblem(text)
  if (problem !== undefined)
    throw new GatewayError('invalid_request', `The field "key" ${problem}.`, { path: 'key' })
}

/** What the routes of upstream keys need. */
export interface UpstreamKeyRoutesOptions {
  readonly upstreamKeys: Pick<KeyRing, 'list' | 'get' | 'add' | 'change' | 'rotate' | 'remove' | 'reseal'>
}

/** Routes that show, add, change and remove upstream keys. No answer ever holds a key. */
export function upstreamKeyRoutes(app: AdminServer, { upstreamKeys: ring }: UpstreamKeyRoutesOptions): void {
  const audit: AuditRule = {
    target: ({ params, body }) => `upstream key ${textIn(params, 'name') || textIn(body, 'name')}`,
    view: async ({ params, body }) => viewOf(ring.get(textIn(params, 'name') || textIn(body, 'name'))),
    secrets: ['key'],
  }

  app.get(
    '/v1/upstream-keys',
    {
      config: { role: 'owner' },
      schema: {
        operationId: 'listUpstreamKeys',
        summary: 'List the keys for MiniMax and how they stand, by name; never the keys themselves',
        tags,
        response: { 200: UpstreamKeysPage, default: ErrorView },
      },
    },
    async () => ({ items: ring.list().map(viewOf), next: null }),
  )

  app.post(
    '/v1/upstream-keys',
    {
      config: { role: 'owner', audit },
      schema: {
        operationId: 'addUpstreamKey',
        summary: 'Add a key for MiniMax; it is used at once, and stored sealed',
        description: 'Needs KEY_ENCRYPTION_KEY.',
        tags,
        body: NewKeyBody,
        response: { 201: UpstreamKeyView, default: ErrorView },
      },
    },
    async ({ body }, reply) => {
      checkKey(body.key)
      return reply.code(201).send(viewOf(await ring.add(body)))
    },
  )

  app.post(
    '/v1/upstream-keys/reseal',
    {
      config: { role: 'owner', audit: { target: () => 'upstream keys' } },
      schema: {
        operationId: 'resealUpstreamKeys',
        summary: 'Seal every stored key with the first key of KEY_ENCRYPTION_KEY',
        tags,
        response: { 200: ResealedView, default: ErrorView },
      },
    },
    async () => ({ resealed: await ring.reseal() }),
  )

  app.patch(
    '/v1/upstream-keys/:name',
    {
      config: { role: 'owner', audit },
      schema: {
        operationId: 'changeUpstreamKey',
        summary: 'Change the weight of a stored key, or take any key out of use and back',
        description: 'Calls under way go on.',
        tags,
        params: KeyParams,
        body: KeyChangeBody,
        response: { 200: UpstreamKeyView, default: ErrorView },
      },
    },
    async ({ params, body }) =>
      viewOf(await ring.change(params.name, { weight: body.weight, isDisabled: body.disabled })),
  )

  app.post(
    '/v1/upstream-keys/:name/rotate',
    {
      config: { role: 'owner', audit },
      schema: {
        operationId: 'rotateUpstreamKey',
        summary: 'Put another key in the place of a stored one',
        description: 'Calls under way go on with the old one.',
        tags,
        params: KeyParams,
        body: RotateKeyBody,
        response: { 200: UpstreamKeyView, default: ErrorView },
      },
    },
    async ({ params, body }) => {
      checkKey(body.key)
      return viewOf(await ring.rotate(params.name, body.key))
    },
  )

  app.delete(
    '/v1/upstream-keys/:name',
    {
      config: { role: 'owner', audit },
      schema: {
        operationId: 'removeUpstreamKey',
        summary: 'Remove a stored key; answers how it stood',
        description:
          'Calls under way go on; tasks that it made are asked about with another key of its account.',
        tags,
        params: KeyParams,
        response: { 200: UpstreamKeyView, default: ErrorView },
      },
    },
    async ({ params }) => viewOf(await ring.remove(params.name)),
  )
}
