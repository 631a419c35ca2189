import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, readTree } from './sources.ts'

/** What no file may contain. Written in two halves, so that this file does not. */
const FORBIDDEN: Readonly<Record<string, RegExp>> = {
  'the path of one machine': new RegExp('/wo' + 'rk/'),
  'unfinished work': new RegExp('\\b(TO' + 'DO|FIX' + 'ME)\\b'),
  'a registry host': new RegExp('registry\\.npm' + 'js\\.org|registry\\.yarn' + 'pkg\\.com'),
  'a merge conflict': new RegExp('^(<{7} |={7}$|>{7} )', 'm'),
}

/** Source files that may be long, and why. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'src/errors.ts': 'one table: a row for each error of ours',
  'src/minimax/catalog.ts': 'one table: a row for each operation of MiniMax',
  'src/proxy/exchange.ts': 'one state machine: every way in which a call can go on or end',
}

const LONGEST = 300

/** The files that a commit would hold: tracked ones, and new ones that are not ignored. */
function committedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)))
}

function forbiddenIn(text: string): string[] {
  return Object.keys(FORBIDDEN).filter((name) => FORBIDDEN[name]?.test(text))
}

/** Dependencies that are not one exact version (an alias must end in one). */
function loose(dependencies: Readonly<Record<string, string>>): string[] {
  return Object.entries(dependencies)
    .filter(([, version]) => !/^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name]) => name)
}

function lockProblems(lock: string): string[] {
  const problems = lock.includes('"resolved": "http') ? ['names the host of a registry'] : []
  return lock.includes('"hasInstallScript"')
    ? [...problems, 'has a package that runs a script at install']
    : problems
}

function tooLong(files: ReadonlyMap<string, string>, allowed: Readonly<Record<string, string>>): string[] {
  return [...files]
    .filter(([path, text]) => text.trimEnd().split('\n').length > LONGEST && !Object.hasOwn(allowed, path))
    .map(([path]) => path)
}

function isRecordOfText(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((item) => typeof item === 'string')
  )
}

describe('the repository', () => {
  it('holds no forbidden text', () => {
    const found = committedFiles().flatMap((path) =>
      forbiddenIn(readFileSync(join(ROOT, path), 'utf8')).map((name) => `${path}: ${name}`),
    )
    expect(found).toEqual([])
  })

  it('locks packages without hosts and without install scripts', () => {
    expect(lockProblems(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))).toEqual([])
  })

  it('pins exact versions', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const sections = typeof manifest === 'object' && manifest !== null ? Object.entries(manifest) : []
    const dependencies = sections.filter(([name]) => /^(dev|optional|peer)?dependencies$/i.test(name))
    expect(dependencies.length).toBeGreaterThan(0)
    for (const [, listed] of dependencies) {
      expect(isRecordOfText(listed)).toBe(true)
      if (isRecordOfText(listed)) expect(loose(listed)).toEqual([])
    }
  })

  it(`has no source file over ${LONGEST} lines without a reason`, () => {
    const sources = new Map([...readTree('src'), ...readTree('emulator')])
    expect(tooLong(sources, LONG_FILES)).toEqual([])
    expect(Object.keys(LONG_FILES).filter((path) => !sources.has(path))).toEqual([])
  })
})

describe('the rules can fail', () => {
  it.each([
    ['see /wo' + 'rk/notes', 'the path of one machine'],
    ['// TO' + 'DO: later', 'unfinished work'],
    ['https://registry.npm' + 'js.org/x', 'a registry host'],
    ['a\n<<<<' + '<<< HEAD\nb', 'a merge conflict'],
    ['a\n====' + '===\nb', 'a merge conflict'],
  ])('on %j', (text, name) => {
    expect(forbiddenIn(text)).toEqual([name])
  })

  it('but not on innocent text', () => {
    expect(forbiddenIn('the network/ and todos, ======== a heading')).toEqual([])
  })

  it('on versions that are not exact', () => {
    const versions = {
      a: '1.2.3',
      b: '^1.2.3',
      c: 'npm:d@1.2.3',
      e: 'npm:d@^1',
      f: '*',
      g: 'file:../g',
      h: '1.0.0-rc.1',
    }
    expect(loose(versions)).toEqual(['b', 'e', 'f', 'g'])
  })

  it('on a lockfile with hosts or install scripts', () => {
    expect(lockProblems('{"resolved": "https://host/x.tgz", "hasInstallScript": true}')).toHaveLength(2)
  })

  it('on a long file', () => {
    const sample = new Map([['src/long.ts', 'x\n'.repeat(LONGEST + 1)]])
    expect(tooLong(sample, {})).toEqual(['src/long.ts'])
    expect(tooLong(sample, { 'src/long.ts': 'a table' })).toEqual([])
  })
})
