import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { everySetting } from '../../src/config/describe.ts'
import { pages } from '../../scripts/pages.ts'
import { configOf } from './helper.ts'

describe('the documentation', () => {
  it('is what the schema says; after a change run `npm run docs`', async () => {
    for (const { path, text } of await pages()) {
      expect(readFileSync(join(import.meta.dirname, '../..', path), 'utf8')).toBe(text)
    }
  })

  it.each(everySetting.map((setting) => [setting.variable, setting] as const))(
    '%s: its default is valid',
    (_, setting) => {
      if (setting.default === undefined || setting.default === '') return
      expect(() => configOf({ [setting.variable]: setting.default ?? '' })).not.toThrow()
    },
  )

  it.each(
    everySetting
      .filter(({ kind, examples }) => kind !== 'secret' && kind !== 'keys' && !examples.includes('unset'))
      .flatMap(({ variable, examples }) => examples.map((example) => [variable, example] as const)),
  )('%s=%s: the example is valid', (variable, example) => {
    const neighbours: Readonly<Record<string, Record<string, string>>> = {
      ADMIN_PORT: { PORT: '1' },
      ACCESS_REQUESTS: { PUBLIC_URL: 'https://gateway.example.com' },
      MAIL_TO: { SMTP_URL: 'smtps://mail.example.com', MAIL_FROM: 'gateway@example.com' },
    }
    const certificates = { '/etc/ssl/company-ca.pem': '-----BEGIN CERTIFICATE-----' }
    expect(() => configOf({ ...neighbours[variable], [variable]: example }, certificates)).not.toThrow()
  })
})
