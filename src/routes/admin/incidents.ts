import { Type } from 'typebox'
import type { IncidentBook } from '../../abuse/guard.ts'
import { incidentJson } from '../../abuse/incident-json.ts'
import type { TokenService } from '../../auth/tokens.ts'
import type { UserService } from '../../auth/users.ts'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatTime } from '../../lib/times.ts'
import { RESPONSES, SIGNALS } from '../../signals.ts'
import { INCIDENT_STATES, type Incident } from '../../store/store.ts'
import { changes } from './audit-rule.ts'
import { closed, cursor, limit, line, next, time, timeOrNull, tokenId, userId } from './fields.ts'
import { ErrorView, IssuedTokenView, tokenView, UserParams } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['abuse']

const SIGNAL_NAMES = Object.keys(SIGNALS)

/** The name of something that is looked for. */
export const signalName = Type.Enum(SIGNAL_NAMES, { description: `One of ${SIGNAL_NAMES.join(', ')}.` })

const state = Type.Enum([...INCIDENT_STATES], { description: `One of ${INCIDENT_STATES.join(', ')}.` })

const IncidentsQuery = Type.Object(
  {
    user: Type.Optional(userId),
    token: Type.Optional(tokenId),
    state: Type.Optional(state),
    signal: Type.Optional(signalName),
    limit,
    cursor,
  },
  closed,
)

const IncidentParams = Type.Object(
  {
    id: Type.String({
      pattern: '^inc_[0-9A-Za-z]{1,32}$',
      description: 'Incident id: inc_ and letters and digits.',
    }),
  },
  closed,
)

const DismissBody = Type.Object({ reason: Type.Optional(line(200, 'Reason')) }, closed)
const RotateIncidentBody = Type.Object({}, closed)

const EvidenceView = Type.Object({
  signal: Type.String(),
  family: Type.String({ description: 'Signals of one family are one opinion.' }),
  strength: Type.Number({ description: 'How sure it is: above 0, at most 1.' }),
  at: time,
  facts: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
})

/** An incident, as the API shows it. */
export const IncidentView = Type.Object({
  id: Type.String(),
  token: Type.String({ description: 'Token id.' }),
  user: Type.String(),
  end_user: Type.Union([Type.String(), Type.Null()], {
    description:
      'The end user of whom it is, of those who use the token; "*": whoever comes with a JWT that names none; null: it is of the token itself.',
  }),
  state,
  signal: Type.String({ description: 'The strongest signal.' }),
  response: Type.String({ description: `The step that was taken: ${RESPONSES.join(', ')}.` }),
  would_be: Type.String({
    description: 'The step that would have been taken without shadow mode, exemptions and ABUSE_RESPONSE.',
  }),
  score: Type.Number(),
  evidence: Type.Array(EvidenceView, { description: 'The newest of each signal, strongest first.' }),
  strikes: Type.Integer({ description: 'How often the token was suspended before.' }),
  opened_at: time,
  updated_at: time,
  notified_at: timeOrNull,
})

/** A page of incidents. */
export const IncidentsPage = Type.Object({ items: Type.Array(IncidentView), next })

/** Where the tokens of a user were used from, as the API shows it. */
export const SourcesView = Type.Object({
  items: Type.Array(
    Type.Object({
      token: Type.String({ description: 'Token id.' }),
      prefix: Type.String({ description: 'A network, never a whole address.' }),
      client: Type.String({ description: 'The kind of client that it was used with last.' }),
      country: Type.Union([Type.String(), Type.Null()], { description: 'Null: not known.' }),
      first_seen: time,
      last_seen: time,
      calls: Type.Integer(),
    }),
  ),
})

/** What the routes of incidents need. */
export interface IncidentRoutesOptions {
  readonly incidents: IncidentBook
  readonly tokens: Pick<TokenService, 'rotate'>
  readonly users: Pick<UserService, 'get'>
  readonly clock: Clock
}

/** @throws GatewayError `not_found` */
function known(incident: Incident | undefined): Incident {
  if (incident === undefined) throw new GatewayError('not_found', 'There is no such incident.')
  return incident
}

function isOfEndUser(): GatewayError {
  return new GatewayError(
    'conflict',
    'The incident is of one end user: suspend or reinstate them. Rotate the token itself if all who use it are meant.',
  )
}

/** Routes that show incidents, what became of them, and where tokens are used from. */
export function incidentRoutes(app: AdminServer, options: IncidentRoutesOptions): void {
  const { incidents, tokens, users, clock } = options
  const showIncident = async (id: string) => incidentJson(known(await incidents.get(id)))

  app.get(
    '/v1/incidents',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listIncidents',
        summary: 'List incidents, newest first',
        description: 'The numbers of one that is open may be a minute old.',
        tags,
        querystring: IncidentsQuery,
        response: { 200: IncidentsPage, default: ErrorView },
      },
    },
    async ({ query: { user, token, limit = DEFAULT_LIMIT, ...rest } }) => {
      const page = await incidents.list({ ...rest, limit, userId: user, tokenId: token })
      return { items: page.items.map(incidentJson), next: page.next }
    },
  )

  app.get(
    '/v1/incidents/:id',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getIncident',
        summary: 'Show an incident with its evidence',
        tags,
        params: IncidentParams,
        response: { 200: IncidentView, default: ErrorView },
      },
    },
    async ({ params }) => incidentJson(known(await incidents.get(params.id))),
  )

  app.post(
    '/v1/incidents/:id/dismiss',
    {
      config: { role: 'operator', audit: changes('incident', showIncident) },
      schema: {
        operationId: 'dismissIncident',
        summary: 'Take an incident for no abuse',
        description:
          'The token, or the end user, goes on at its own speed, and is reinstated if it was suspended for this. The signals of the incident are quiet for it for 7 days. Dismissing twice changes nothing.',
        tags,
        params: IncidentParams,
        body: DismissBody,
        response: { 200: IncidentView, default: ErrorView },
      },
    },
    async ({ params, body: { reason = '' } }) =>
      incidentJson(known(await incidents.dismiss(params.id, reason))),
  )

  app.post(
    '/v1/incidents/:id/rotate',
    {
      config: { role: 'operator', audit: changes('incident', showIncident) },
      schema: {
        operationId: 'rotateTokenOfIncident',
        summary: 'Replace the token of an incident by a new one with the same rules',
        description:
          'The old token ends at once, and the incident is closed. An incident of one end user is refused: all the others use the token too. The answer is the only one that ever holds the new token.',
        tags,
        params: IncidentParams,
        body: RotateIncidentBody,
        response: { 200: IssuedTokenView, default: ErrorView },
      },
    },
    async ({ params, log }) => {
      const { id, tokenId, endUser } = known(await incidents.get(params.id))
      if (endUser !== '') throw isOfEndUser()
      const { record, token } = await tokens.rotate(tokenId)
      try {
        await incidents.close(id)
      } catch (error) {
        // The new token is shown this once: an incident that stays open is the lesser loss, and ends by itself.
        log.error({ err: error, incident: id }, 'an incident could not be closed')
      }
      return { ...tokenView(record, clock.now()), token }
    },
  )

  app.get(
    '/v1/users/:id/sources',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listSourcesOfUser',
        summary: 'List where the tokens of a user are used from, by token, the latest first',
        description: 'Up to 64 networks of each token, for 90 days.',
        tags,
        params: UserParams,
        response: { 200: SourcesView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const { id } = await users.get(params.id)
      const sources = await incidents.sources(id)
      return {
        items: sources.map(({ tokenId, prefix, client, country, firstSeen, lastSeen, calls }) => ({
          token: tokenId,
          prefix,
          client,
          country,
          first_seen: formatTime(firstSeen),
          last_seen: formatTime(lastSeen),
          calls,
        })),
      }
    },
  )
}
