import type { Insertable, Selectable } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { AbuseProfileRow, ExemptionRow, IncidentRow } from './incident-tables.ts'
import type { AbuseProfile, Exemption, Incident, IncidentEvidence } from './incidents.ts'
import { namesFromText, textFromNames } from './names-codec.ts'

const StoredEvidence = Type.Array(
  Type.Object({
    signal: Type.String(),
    family: Type.String(),
    strength: Type.Number(),
    at: Type.Number(),
    facts: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  }),
)

function evidenceFromText(text: string): readonly IncidentEvidence[] {
  const stored: unknown = JSON.parse(text)
  if (!Value.Check(StoredEvidence, stored)) throw new TypeError('evidence in the database is damaged')
  return stored
}

/** JSON writes what is not a number as null, which could not be read again. */
function textFromEvidence(evidence: readonly IncidentEvidence[]): string {
  if (!Value.Check(StoredEvidence, evidence)) throw new TypeError('this evidence cannot be stored')
  return JSON.stringify(evidence)
}

/** An incident out of its row. @throws TypeError (or SyntaxError) when its evidence is damaged */
export function incidentFromRow(row: Selectable<IncidentRow>): Incident {
  return {
    id: row.id,
    tokenId: row.token_id,
    userId: row.user_id,
    endUser: row.end_user,
    state: row.state,
    signal: row.signal,
    response: row.response,
    wouldBe: row.would_be,
    score: row.score,
    evidence: evidenceFromText(row.evidence),
    strikes: row.strikes,
    openedAt: row.opened_at,
    updatedAt: row.updated_at,
    notifiedAt: row.notified_at,
  }
}

/** An incident as its row. @throws TypeError when its evidence could not be read again */
export function rowFromIncident(incident: Incident): Insertable<IncidentRow> {
  return {
    id: incident.id,
    token_id: incident.tokenId,
    user_id: incident.userId,
    end_user: incident.endUser,
    state: incident.state,
    signal: incident.signal,
    response: incident.response,
    would_be: incident.wouldBe,
    score: incident.score,
    evidence: textFromEvidence(incident.evidence),
    strikes: incident.strikes,
    opened_at: incident.openedAt,
    updated_at: incident.updatedAt,
    notified_at: incident.notifiedAt,
  }
}

/** An exemption out of its row. @throws an error for damaged signals: they must not become all of them */
export function exemptionFromRow(row: Selectable<ExemptionRow>): Exemption {
  return {
    id: row.id,
    subject: { kind: row.subject_kind, id: row.subject_id },
    signals: namesFromText(row.signals),
    reason: row.reason,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}

/** An exemption as its row. */
export function rowFromExemption({ subject, ...exemption }: Exemption): ExemptionRow {
  return {
    id: exemption.id,
    subject_kind: subject.kind,
    subject_id: subject.id,
    signals: textFromNames(exemption.signals),
    reason: exemption.reason,
    created_at: exemption.createdAt,
    expires_at: exemption.expiresAt,
  }
}

/** A token's past out of its row. */
export function profileFromRow(row: Selectable<AbuseProfileRow>): AbuseProfile {
  return { tokenId: row.token_id, savedAt: row.saved_at, state: row.state }
}
