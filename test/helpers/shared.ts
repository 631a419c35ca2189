import { afterAll, afterEach, beforeAll } from 'vitest'
import { expectBooksToMatch, type BookedGateway } from './books.ts'
import { startGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts'

/** A gateway that the tests of a file share, and a token of the user `user-1`. */
export interface Shared {
  readonly gateway: TestGateway
  readonly token: string
}

/**
 * Starts one gateway for a test file. After every test its emulator and its log are empty again.
 * @returns gives the gateway, inside tests
 */
export function sharedGateway(options: TestGatewayOptions = {}): () => Shared {
  let shared: Shared | undefined
  const get = (): Shared => {
    if (shared === undefined) throw new Error('the gateway is not started')
    return shared
  }
  beforeAll(async () => {
    const gateway = await startGateway({
      // Whatever the tests did, the books must tell of it in the end.
      checksBooks: options.upstreamUrl === undefined,
      ...options,
    })
    shared = { gateway, token: (await gateway.token()).token }
  })
  afterEach(() => {
    const { gateway } = get()
    gateway.emulator.reset()
    gateway.logLines.length = 0
  })
  afterAll(() => get().gateway.close())
  return get
}

/**
 * Compares the books after all tests of a file with what the emulators took on. Hooks run in reverse, so this stands
 * below the hook that closes the gateway.
 * @param gateways gives those whose only upstream is their emulator
 */
export function booksMatchAfterAll(gateways: () => readonly BookedGateway[]): void {
  afterAll(async () => {
    for (const gateway of gateways()) await expectBooksToMatch(gateway)
  })
}
