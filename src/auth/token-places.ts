import { originProblem } from '../config/checks.ts'
import { GatewayError } from '../errors.ts'
import { networkFrom } from '../lib/network-text.ts'

/** An origin as people write it: scheme, host and port, in any case. */
const ORIGIN = /^https?:\/\/[^/?#@\\*\s]+$/i

/** @throws GatewayError `invalid_request` */
function refuse(path: string, problem: string): never {
  throw new GatewayError('invalid_request', `The field "${path}": ${problem}.`, { path })
}

function unique(items: readonly string[], name: string): readonly string[] {
  // Without one, nobody could use it from anywhere: that is what revoking is for.
  if (items.length === 0) refuse(name, 'it is empty. Write null to bind the token to none')
  return [...new Set(items)]
}

/**
 * Web origins in the form in which browsers send them: small letters, no default port.
 * @throws GatewayError `invalid_request` with the path of the first that is none; `*` and `null` are none
 */
export function originsFrom(written: readonly string[]): readonly string[] {
  const origins = written.map((text, index) => {
    const isOrigin = ORIGIN.test(text) && URL.canParse(text)
    const origin = isOrigin ? new URL(text).origin : text
    const problem = originProblem(origin)
    const says =
      problem ?? 'it is not an exact origin. Write scheme, host and port only, as in https://app.example.com'
    return isOrigin && problem === undefined ? origin : refuse(`origins[${index}]`, says)
  })
  return unique(origins, 'origins')
}

/**
 * Networks in their one form (see `networkFrom`): the bits of a host after the prefix are cleared.
 * @throws GatewayError `invalid_request` with the path of the first that is none; one of every address is none
 */
export function networksFrom(written: readonly string[]): readonly string[] {
  const networks = written.map((text, index) => {
    const path = `cidrs[${index}]`
    const network = networkFrom(text)
    if (network === undefined) {
      return refuse(
        path,
        'it is not a network. Write an address and a prefix length, as in 203.0.113.0/24 or 2001:db8::/32',
      )
    }
    if (network.endsWith('/0'))
      refuse(path, 'it holds every address. Write null to let the token be used from anywhere')
    return network
  })
  return unique(networks, 'cidrs')
}
