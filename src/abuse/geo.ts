import { readFile } from 'node:fs/promises'
import { Reader, type AsnResponse, type CountryResponse } from 'mmdb-lib'

/** Where addresses are, as far as the operator's files know. Addresses are of IPv4 or IPv6, without a zone. */
export interface Geo {
  /** @returns ISO 3166-1 alpha-2; '': not known */
  country(address: string): string
  /** @returns the number of the autonomous system; 0: not known */
  asn(address: string): number
  /** Look-ups that failed because a file is damaged further in than was seen when it was opened. */
  readonly failures: number
}

/** A file of the operator's cannot be used; the message names the setting and the file. */
export class GeoFileError extends Error {
  constructor(setting: string, path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : 'it cannot be read'
    super(`${setting}: ${path} is no database of addresses (MMDB) that can be read: ${reason}`, { cause })
    this.name = 'GeoFileError'
  }
}

export interface GeoFiles {
  /** A path; undefined: countries are not known. */
  readonly countryFile?: string | undefined
  readonly asnFile?: string | undefined
}

/** Looked up once when a file is opened, so that a damaged one is known at the start. */
const PROBES = ['1.1.1.1', '192.0.2.1', '223.5.5.5']

async function open<Response extends CountryResponse | AsnResponse>(
  setting: string,
  path: string | undefined,
): Promise<Reader<Response> | undefined> {
  if (path === undefined) return undefined
  try {
    const reader = new Reader<Response>(await readFile(path))
    for (const address of PROBES) reader.get(address)
    return reader
  } catch (error) {
    throw new GeoFileError(setting, path, error)
  }
}

/** Nothing is known of any address. */
export const NO_GEO: Geo = { country: () => '', asn: () => 0, failures: 0 }

/**
 * Reads the operator's files into memory. They are read once: a new file needs a new start.
 * @throws GeoFileError when a file is missing or damaged
 */
export async function openGeo({ countryFile, asnFile }: GeoFiles): Promise<Geo> {
  const countries = await open<CountryResponse>('GEO_COUNTRY_FILE', countryFile)
  const networks = await open<AsnResponse>('GEO_ASN_FILE', asnFile)
  let failures = 0
  const lookUp = <Found>(find: () => Found): Found | undefined => {
    try {
      return find()
    } catch {
      // A damaged place in the file: sight fails open, and is counted.
      failures++
      return undefined
    }
  }
  return {
    country: (address) => lookUp(() => countries?.get(address)?.country?.iso_code) ?? '',
    asn: (address) => lookUp(() => networks?.get(address)?.autonomous_system_number) ?? 0,
    get failures() {
      return failures
    },
  }
}
