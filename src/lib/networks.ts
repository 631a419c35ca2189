import { BlockList, isIP } from 'node:net'

/** A test for addresses. An address of IPv4 that is written as one of IPv6 (`::ffff:10.0.0.1`) is judged as what it is. */
export type NetworkTest = (address: string) => boolean

/**
 * Whether an address is in one of the networks.
 * @param networks in CIDR notation (RFC 4632, RFC 4291 section 2.3), as the settings and the admin API have checked it
 */
export function networkTest(networks: readonly string[]): NetworkTest {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return (address) => {
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}
