import { describe, expect, it } from 'vitest'
import { noticeOf, sentenceOf } from '../../src/abuse/notices-text.ts'
import { RESPONSES, SIGNALS } from '../../src/signals.ts'
import type { Incident } from '../../src/store/store.ts'
import { START } from './incident-world.ts'

const incident: Incident = {
  id: 'inc_1',
  tokenId: 'tok',
  userId: 'ada',
  endUser: '',
  state: 'open',
  signal: 'distinct_sources',
  response: 'suspend',
  wouldBe: 'suspend',
  score: 1.5,
  evidence: [
    {
      signal: 'distinct_sources',
      family: 'identity',
      strength: 1,
      at: START,
      facts: { networks_today: 60, usual_most: 2 },
    },
    { signal: 'probe_sequence', family: 'behaviour', strength: 0.5, at: START, facts: {} },
  ],
  strikes: 2,
  openedAt: START,
  updatedAt: START,
  notifiedAt: null,
}

describe('a notice', () => {
  it('says what happened, what speaks for it, what was done and what to do', () => {
    const { subject, body } = noticeOf(incident, 'opened')
    expect(subject).toBe('minimax-gateway: token tok of ada looks leaked or abused, and was suspended')
    expect(body).toBe(
      [
        'Token tok of user ada looks leaked or abused, and was suspended.',
        '',
        'What happened since 2026-06-01T00:00:00.000Z:',
        '- It is used from far more networks or kinds of clients than ever before. (networks today: 60, usual most: 2)',
        '- A new place tried whether it works, and then made expensive requests.',
        'It was suspended before: 2 times.',
        '',
        'The token was suspended: its requests are refused.',
        '',
        'What to do:',
        '- It is no abuse: minimax-gateway incidents dismiss inc_1',
        '  (the token goes on as before, and this is not told again for 7 days)',
        '- It may be: minimax-gateway token rotate tok',
        '  (gives a new token; the old one ends)',
        '- More about it: minimax-gateway incidents show inc_1',
      ].join('\n'),
    )
  })

  it('says when it is not the first', () => {
    expect(noticeOf(incident, 'suspended').body).toContain('(you were told of it before)')
  })

  it.each(RESPONSES)('says what %s has done', (response) => {
    const { subject, body } = noticeOf({ ...incident, response }, 'opened')
    expect(subject).not.toContain('undefined')
    expect(body).not.toContain('undefined')
  })

  it.each(Object.keys(SIGNALS))('has a sentence for %s', (signal) => {
    expect(sentenceOf(signal)).toMatch(/^(It|A|Far more of its requests|MiniMax) .*\.$/)
  })

  it('gives each signal a sentence of its own', () => {
    const names = Object.keys(SIGNALS)
    expect(new Set(names.map(sentenceOf)).size).toBe(names.length)
  })

  it('has no control characters but its own ends of lines', () => {
    const evidence = [{ ...incident.evidence[0], facts: { source: 'x\r\nBcc: y\u2028z\u0007' } }]
    const odd: Incident = {
      ...incident,
      userId: 'a\nb',
      evidence: evidence.map(({ facts }) => ({
        signal: 'leak_report',
        family: 'report',
        strength: 1,
        at: START,
        facts,
      })),
    }
    const { subject, body } = noticeOf(odd, 'opened')
    expect(subject).toContain('of a b ')
    expect(body).toContain('source: x  Bcc: y z )')
  })
})
