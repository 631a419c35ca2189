import { expect, it } from 'vitest'
import { KeySecrets } from '../../src/proxy/key-secrets.ts'
import { Scrubber } from '../../src/proxy/scrub.ts'
import { SecretForms } from '../../src/proxy/secrets.ts'

const HOUR = 3_600_000
const OLD = 'sk-old-0123456789abcdef'
const NEW = 'sk-new-0123456789abcdef'

it('a key that is gone is masked for as long as an answer to it may come, a new one at once', () => {
  let now = 0
  const forms = new SecretForms([])
  const secrets = new KeySecrets(forms, { now: () => now, monotonic: () => now }, HOUR)
  const masked = (text: string) => forms.maskText(text).masked
  secrets.use([OLD])
  expect([masked(OLD), masked(NEW)]).toEqual([1, 0])
  secrets.use([NEW])
  expect([masked(OLD), masked(NEW)]).toEqual([1, 1])
  now = HOUR - 1
  secrets.use([NEW])
  expect([masked(OLD), masked(NEW)]).toEqual([1, 1])
  now = HOUR
  secrets.use([NEW])
  expect([masked(OLD), masked(NEW)]).toEqual([0, 1])
})

it('a key that comes while an answer is under way is masked in the rest of it', () => {
  const forms = new SecretForms([OLD])
  const scrubber = new Scrubber(forms, true)
  scrubber.push(Buffer.from('data: something '))
  forms.replace([OLD, NEW])
  const rest = Buffer.concat([scrubber.push(Buffer.from(`and ${NEW}`)), scrubber.end()]).toString()
  expect(rest).not.toContain(NEW)
  expect(scrubber.masked).toBe(1)
})

it('nothing is masked while there is no key', () => {
  const forms = new SecretForms([])
  expect(forms.mayBeIn(Buffer.from('a long text with words and things'))).toBe(false)
  expect(forms.maskText('a text')).toEqual({ text: 'a text', masked: 0 })
})
