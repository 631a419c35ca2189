import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const text = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8')

/** The rows of "Threats and answers": threat, answer, and the tests that hold it. */
const threats = text
  .slice(text.indexOf('## Threats and answers'), text.indexOf('## What is left'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| threat') && !line.startsWith('| ---'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, threat = '', , tests = '']) => ({
    threat,
    tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, one = '']) => one),
  }))

describe('the threat model', () => {
  it('has an answer to many threats', () => {
    expect(threats.length).toBeGreaterThan(20)
  })

  it.each(threats)('names tests that there are: $threat', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0)
    for (const one of tests) {
      const pattern = one.endsWith('*') ? one : `${one}*`
      expect(globSync(join(ROOT, 'test', pattern)), one).not.toEqual([])
    }
  })
})
