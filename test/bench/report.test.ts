import { describe, expect, it } from 'vitest'
import { addressesIn } from '../../bench/gateway.ts'
import { figureOf, type Figure, type Sample } from '../../bench/measure.ts'
import { markdown, ratiosOf, shown, warningsOf } from '../../bench/report.ts'
import type { TargetName } from '../../bench/targets.ts'
import { WORKLOADS } from '../../bench/workloads.ts'

const [json] = WORKLOADS
if (json === undefined) throw new Error('no workloads')

function sampleOf(change: Partial<Sample>): Sample {
  return {
    answers: 100,
    perSecond: 1000,
    cpuMicrosPerAnswer: 100,
    p50: 1,
    p99: 2,
    residentBytes: 1024,
    errors: 0,
    firstError: undefined,
    ...change,
  }
}

function figure(target: TargetName, change: Partial<Sample>): Figure {
  return { workload: json?.name ?? '', target, ...sampleOf(change) }
}

describe('a figure', () => {
  it('is the median of the rounds, with all errors and the most memory', () => {
    const samples = [
      sampleOf({ cpuMicrosPerAnswer: 90, residentBytes: 1 }),
      sampleOf({ cpuMicrosPerAnswer: 500, residentBytes: 9, errors: 2, firstError: 'status 500' }),
      sampleOf({ cpuMicrosPerAnswer: 100, residentBytes: 5, errors: 1 }),
    ]
    expect(figureOf(json, 'bare', samples)).toMatchObject({
      answers: 300,
      cpuMicrosPerAnswer: 100,
      residentBytes: 9,
      errors: 3,
      firstError: 'status 500',
    })
  })

  it('has no CPU where there is no process', () => {
    const sample = sampleOf({ cpuMicrosPerAnswer: null, residentBytes: null })
    expect(figureOf(json, 'direct', [sample])).toMatchObject({
      cpuMicrosPerAnswer: null,
      residentBytes: null,
    })
  })
})

describe('the report', () => {
  const figures = [
    figure('direct', { cpuMicrosPerAnswer: null, p50: 0.5, p99: 1 }),
    figure('bare', { cpuMicrosPerAnswer: 200 }),
    figure('gateway', { cpuMicrosPerAnswer: 150, p50: 1.25, p99: 3, errors: 4, firstError: 'status 503' }),
  ]

  it('compares CPU with the bare proxy and latency with no proxy', () => {
    expect(ratiosOf(json, figures)).toEqual([
      {
        workload: 'json',
        credential: 'gateway',
        cpuToBare: 0.75,
        cpuToNginx: null,
        maxCpuToBare: 0.8,
        p50ToDirect: 2.5,
        p50Added: 0.75,
        p99Added: 2,
      },
    ])
  })

  it('does so for each credential with which the gateway was called', () => {
    const more = [...figures, figure('jwt', { cpuMicrosPerAnswer: 160 })]
    expect(ratiosOf(json, more)).toMatchObject([
      { credential: 'gateway', cpuToBare: 0.75 },
      { credential: 'jwt', cpuToBare: 0.8 },
    ])
  })

  it('names figures that are not to be believed', () => {
    expect(warningsOf(figures)).toEqual(['json, gateway: 4 errors (status 503)'])
  })

  it('is Markdown with a row for each target, notices and versions', () => {
    const packages = { undici: '7.0.0' }
    const setting = {
      date: '2026-01-01',
      node: '26.0.0',
      cores: 2,
      cpu: 'x',
      packages,
      rounds: 1,
      seconds: 1,
    }
    const text = markdown(setting, [json], figures, ['nginx was not measured'])
    expect(text).toContain('> nginx was not measured')
    expect(text).toContain('undici 7.0.0')
    expect(text).toContain('| json | 0.75 | ≤ 0.8 | – | 2.50 | 0.75 | 2.00 |')
    expect(text).toContain('| minimax-gateway | 150 | 1,000 | 1.25 | 3.00 | 4 | 0.00 |')
  })

  it.each([
    [null, '–'],
    [NaN, '–'],
    [0.123, '0.12'],
    [12.34, '12.3'],
    [12345.6, '12,346'],
  ])('shows %d as %s', (value, text) => {
    expect(shown(value)).toBe(text)
  })
})

describe("the gateway's log", () => {
  it('tells where it listens', () => {
    const line =
      '{"level":30,"publicUrl":"http://127.0.0.1:1","adminUrl":"http://127.0.0.1:2","msg":"listening"}'
    expect(addressesIn(line)).toEqual({ publicUrl: 'http://127.0.0.1:1', adminUrl: 'http://127.0.0.1:2' })
  })

  it.each(['', 'not JSON', '[]', 'null', '{"msg":"stopped"}'])('says nothing of it in %j', (line) => {
    expect(addressesIn(line)).toBeUndefined()
  })
})
