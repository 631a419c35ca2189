import { domainToASCII } from 'node:url'

/** Longest address that SMTP carries (RFC 5321, 4.5.3.1.3, with the erratum 1690). */
const LONGEST = 254
const LONGEST_LOCAL = 64

/**
 * Words with single dots between them. Narrower than RFC 5321: no quotes, no routes (`%`, `!`), nothing that a shell or
 * an old mail server takes for more than a name, and no dash in front, which a program would take for an option.
 */
const LOCAL = /^(?!-)[A-Za-z0-9_+'=&~-]+(?:\.[A-Za-z0-9_+'=&~-]+)*$/

/** Letters, digits, dashes and dots of any script: what is left out could be decoded to something else. */
const WRITTEN_DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u

/** A full name: labels of at most 63, the last one no number, so that it is no address of a machine. */
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

const GMAIL: ReadonlySet<string> = new Set(['gmail.com', 'googlemail.com'])

/**
 * The address that somebody typed, as it is kept: in small letters, a domain of another script in ASCII. Nobody's mail
 * server tells the size of letters apart, and mails to one person under several spellings would be several mails.
 * @returns undefined when no mail can go there, or it is none that people have
 */
export function addressFrom(typed: string): string | undefined {
  const mark = typed.lastIndexOf('@')
  const local = typed.slice(0, Math.max(mark, 0))
  const written = typed.slice(mark + 1)
  if (local.length > LONGEST_LOCAL || !LOCAL.test(local)) return undefined
  if (written.length > LONGEST || !WRITTEN_DOMAIN.test(written)) return undefined
  const domain = domainToASCII(written)
  const address = `${local}@${domain}`.toLowerCase()
  return DOMAIN.test(domain) && address.length <= LONGEST ? address : undefined
}

/**
 * Whose box an address most likely leads to, for counting mails alone: without what stands behind a plus, and at Gmail
 * without dots. @param address as `addressFrom` gives it
 */
export function boxOf(address: string): string {
  const mark = address.lastIndexOf('@')
  const domain = address.slice(mark + 1)
  const [name = ''] = address.slice(0, mark).split('+')
  return GMAIL.has(domain) ? `${name.replaceAll('.', '')}@gmail.com` : `${name}@${domain}`
}
