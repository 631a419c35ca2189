import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { isInstalled } from './prometheus.ts'

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, 'deploy/prometheus')
const files = (folder: string) => readdirSync(join(FOLDER, folder)).filter((name) => name.endsWith('.yml'))

const Alert = Type.Object({
  alert: Type.String(),
  labels: Type.Object({ severity: Type.Enum(['critical', 'warning', 'info']) }),
  annotations: Type.Object({
    summary: Type.String(),
    description: Type.String(),
    runbook_url: Type.String(),
  }),
})
const Rules = Type.Object({
  groups: Type.Array(
    Type.Object({ rules: Type.Array(Type.Union([Alert, Type.Object({ record: Type.String() })])) }),
  ),
})
const alerts = files('rules')
  .flatMap((name) => Value.Parse(Rules, parse(readFileSync(join(FOLDER, 'rules', name), 'utf8'))).groups)
  .flatMap(({ rules }) => rules)
  .filter((rule) => 'alert' in rule)

describe('the alert rules', () => {
  it.each(alerts)('$alert has a section of its own in the operations page', ({ alert, annotations }) => {
    expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`)
    expect(readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')).toContain(`\n### ${alert}\n`)
  })

  it.each(alerts)('$alert has a test', ({ alert }) => {
    const tests = files('tests').map((name) => readFileSync(join(FOLDER, 'tests', name), 'utf8'))
    expect(tests.join('\n')).toMatch(new RegExp(`alertname: ${alert}\\n`))
  })

  it.skipIf(!isInstalled('promtool')).each(files('tests'))(
    'fire when they should, and only then: %s',
    (name) => {
      const run = () => execFileSync('promtool', ['test', 'rules', join(FOLDER, 'tests', name)])
      expect(run).not.toThrow()
    },
    120_000,
  )
})
