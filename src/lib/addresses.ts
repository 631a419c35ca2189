import { BlockList, isIP } from 'node:net'

/**
 * Addresses of IPv4 that are no host of the public internet: the special-purpose registry of IANA (RFC 6890 and what
 * came after it, read in autumn 2026), with multicast and the former class E. The few ranges of it that can be reached
 * from everywhere, such as those of AS 112, are in the list too: they serve a protocol, not somebody's host.
 */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/**
 * Ranges within 2000::/3, the only part of IPv6 that is given to the public internet (RFC 4291, section 2.4), that are
 * special. What is outside of it needs no row: loopback, private, link-local, multicast, and the translations of
 * RFC 6052 and 8215, behind which any address of IPv4 may stand.
 */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

function listOf(family: 'ipv4' | 'ipv6', networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    list.addSubnet(address, Number(prefix), family)
  }
  return list
}

const specialV4 = listOf('ipv4', SPECIAL_V4)
const specialV6 = listOf('ipv6', SPECIAL_V6)
const globalV6 = listOf('ipv6', ['2000::/3'])
const mappedV4 = listOf('ipv6', ['::ffff:0:0/96'])

/**
 * Whether an address is a host of the public internet, so that a connection to it reaches nothing of the operator's
 * own. An address of IPv4 that is written as one of IPv6 (`::ffff:10.0.0.1`) is judged as what it is.
 * @param text an address as the resolver writes it; everything else, names and zones (`fe80::1%eth0`) too, is not public
 */
export function isPublicAddress(text: string): boolean {
  const family = isIP(text)
  if (family === 4) return !specialV4.check(text, 'ipv4')
  if (family !== 6 || text.includes('%')) return false
  // A list of IPv4 knows its addresses in this form as well.
  if (mappedV4.check(text, 'ipv6')) return !specialV4.check(text, 'ipv6')
  return globalV6.check(text, 'ipv6') && !specialV6.check(text, 'ipv6')
}
