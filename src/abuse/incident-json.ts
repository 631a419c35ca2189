import { formatTime } from '../lib/times.ts'
import type { Incident, IncidentEvidence } from '../store/store.ts'

/** One piece of evidence as the admin API and notices show it. */
export interface EvidenceJson {
  readonly signal: string
  readonly family: string
  readonly strength: number
  readonly at: string
  readonly facts: Record<string, string | number>
}

/** An incident as the admin API and notices show it. Times are RFC 3339, in UTC. */
export interface IncidentJson {
  readonly id: string
  readonly token: string
  readonly user: string
  readonly end_user: string | null
  readonly state: Incident['state']
  readonly signal: string
  readonly response: string
  readonly would_be: string
  readonly score: number
  readonly evidence: EvidenceJson[]
  readonly strikes: number
  readonly opened_at: string
  readonly updated_at: string
  readonly notified_at: string | null
}

function evidenceJson({ signal, family, strength, at, facts }: IncidentEvidence): EvidenceJson {
  return { signal, family, strength, at: formatTime(at), facts: { ...facts } }
}

/** An incident in the words of the API. */
export function incidentJson(incident: Incident): IncidentJson {
  return {
    id: incident.id,
    token: incident.tokenId,
    user: incident.userId,
    end_user: incident.endUser === '' ? null : incident.endUser,
    state: incident.state,
    signal: incident.signal,
    response: incident.response,
    would_be: incident.wouldBe,
    score: incident.score,
    evidence: incident.evidence.map(evidenceJson),
    strikes: incident.strikes,
    opened_at: formatTime(incident.openedAt),
    updated_at: formatTime(incident.updatedAt),
    notified_at: incident.notifiedAt === null ? null : formatTime(incident.notifiedAt),
  }
}
