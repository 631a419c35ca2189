import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { everySetting } from '../../src/config/describe.ts'
import { served } from './helper.ts'
import { execute, missing, ROOT, type Language } from './programs.ts'

const fixture = served()

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')

/** The programs of the README that call the gateway. */
const programs = [...readme.matchAll(/^```(python|js|sh)\n(.*?)^```$/gms)]
  .map(([, language = '', code = '']) => ({ language, code, first: code.split('\n')[0] ?? '' }))
  .filter(({ code }) => code.includes('http://127.0.0.1:8080'))

const isLanguage = (word: string): word is Language => ['python', 'js', 'sh'].includes(word)

describe('the README', () => {
  it('has a program that makes a session, and five that call MiniMax', () => {
    expect(programs.map(({ language }) => language)).toEqual(['sh', 'python', 'js', 'sh', 'js', 'js'])
  })

  it.for(programs)('has a program in $language that works: $first', async ({ language, code }, { skip }) => {
    if (!isLanguage(language)) throw new Error(`no language of ours: ${language}`)
    skip(missing(language) !== undefined, missing(language))
    const { gateway, token } = fixture()
    const program = code.replace('http://127.0.0.1:8080', gateway.url).replace('mmg_…', token)
    const expected = code.includes('/gateway/v1/session-tokens') ? '"mmgs_' : 'You said: Hello, MiniMax!'
    expect(await execute(language, program)).toContain(expected)
  })

  it('names the command of the tests in one line', () => {
    expect(readme.split('\n').filter((line) => line.includes('npm test'))).toHaveLength(1)
  })

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, path = '']) => path)
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('tells the defaults of settings as they are', () => {
    const section = readme.slice(readme.indexOf('\n## Settings'), readme.indexOf('\n## Docker'))
    const rows = [...section.matchAll(/^\| (`[A-Z].*?) +\| (.*?) +\|/gm)]
    expect(rows.length).toBeGreaterThan(5)
    for (const [, names = '', defaults = ''] of rows) {
      const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
      for (const [index, name] of quoted(names).entries()) {
        const setting = everySetting.find((one) => one.name.toUpperCase() === name)
        expect(setting, name).toBeDefined()
        const told = quoted(defaults)[index]
        if (told !== undefined && setting?.default !== undefined) expect(told, name).toBe(setting.default)
      }
    }
  })
})
