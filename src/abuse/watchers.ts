import { loadBehaviour } from './behaviour.ts'
import { Cohorts } from './cohorts.ts'
import { EndUserSources } from './end-user-sources.ts'
import type { Geo } from './geo.ts'
import type { CrossWatcher } from './inquiry.ts'
import type { MakeWatchers } from './profile.ts'
import { SharedSources } from './shared-sources.ts'
import { networkList, SourceReader } from './source.ts'
import { loadSources } from './sources.ts'
import { loadVolume } from './volume.ts'

export interface WatchersOptions {
  /** Of the hashes of networks: a secret of the gateway that stays the same over restarts. */
  readonly key: string
  readonly geo: Geo
  /** Networks that are no evidence, in CIDR form. */
  readonly allowNetworks: readonly string[]
  /** Networks in a day that are too many for any server token. */
  readonly maxSources: number
}

/** What watches: the guard takes all of it. */
export interface WatcherKit {
  /** Makes the watchers of one token; they share what is usual for tokens of a plan, and what was read of addresses. */
  readonly make: MakeWatchers
  /** Makes the watchers of one end user, who is compared with other end users of the plan. */
  readonly makeOfEndUser: MakeWatchers
  /** Those across tokens. */
  readonly cross: readonly CrossWatcher[]
  /** What is known of the network of an address. */
  readonly networkOf: SourceReader['network']
}

/**
 * What part of a token's use one busy end user is taken to make, as long as no end user of the plan has a past that tells:
 * a tenth. Chosen, not measured; by itself it never does more than watch.
 */
const END_USERS_OF_A_TOKEN = 10

/** Puts together all that watches, with what it shares. */
export function createWatchers({ key, geo, allowNetworks, maxSources }: WatchersOptions): WatcherKit {
  const cohorts = new Cohorts()
  const ofEndUsers = new Cohorts((plan, quantity) => cohorts.usual(plan, quantity) / END_USERS_OF_A_TOKEN)
  const reader = new SourceReader({ key, geo, allowed: networkList(allowNetworks) })
  return {
    make: (saved) => ({
      volume: loadVolume(saved.volume, cohorts),
      sources: loadSources(saved.sources, { reader, maxSources }),
      behaviour: loadBehaviour(saved.behaviour, reader),
    }),
    makeOfEndUser: (saved) => ({
      volume: loadVolume(saved.volume, ofEndUsers),
      sources: new EndUserSources({ reader, maxSources }),
      behaviour: loadBehaviour(saved.behaviour, reader),
    }),
    cross: [new SharedSources(reader)],
    networkOf: (address) => reader.network(address),
  }
}
