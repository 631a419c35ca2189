import { describe, expect, it } from 'vitest'
import { familyOf } from '../../src/abuse/client-family.ts'
import { openGeo } from '../../src/abuse/geo.ts'
import { prefixOf } from '../../src/abuse/source.ts'

describe('a source', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['::ffff:c000:24d', '192.0.2.0/24'],
    ['2001:DB8:1:2::9', '2001:db8:1::/48'],
    ['2001::9', '2001::/48'],
    ['0:0:1::', '0:0:1::/48'],
    ['::1', '::/48'],
    ['fe80::1%eth0', 'fe80::/48'],
    ['nothing', undefined],
    ['', undefined],
  ])('%s is of the network %s', (address, prefix) => {
    expect(prefixOf(address)).toBe(prefix)
  })

  it.each([
    ['OpenAI/Python 1.40.0', 'openai-python'],
    ['Anthropic/JS 0.30', 'anthropic-js'],
    ['python-requests/2.31', 'python-requests'],
    ['curl/8.5.0', 'curl'],
    ['node', 'node'],
    ['Go-http-client/2.0', 'go-http-client'],
    ['Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/120 Safari/537.36 Edg/120', 'edge'],
    ['Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/120 Safari/537.36', 'chrome'],
    ['Googlebot/2.1', 'bot'],
    ['', 'none'],
    ['x'.repeat(100_000) + 'curl/', 'other'],
  ])('%.40s is a client of the kind %s', (agent, family) => {
    expect(familyOf(agent)).toBe(family)
  })

  it('says which file of addresses cannot be used', async () => {
    await expect(openGeo({ countryFile: '/nowhere.mmdb' })).rejects.toThrow('GEO_COUNTRY_FILE: /nowhere.mmdb')
    await expect(openGeo({ asnFile: import.meta.filename })).rejects.toThrow('GEO_ASN_FILE')
  })
})
