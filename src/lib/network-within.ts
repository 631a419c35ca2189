import { networkFrom } from './network-text.ts'

/**
 * Whether every address of a network is also in another.
 * @param inner in the one form that `networkFrom` gives; so is the other
 */
export function isNetworkWithin(inner: string, outer: string): boolean {
  const [address = '', length] = inner.split('/')
  const [, outerLength] = outer.split('/')
  // Cut to the prefix of the outer one, it is the outer one; of another family it cannot be.
  return Number(length) >= Number(outerLength) && networkFrom(`${address}/${outerLength ?? ''}`) === outer
}
