import { afterAll, afterEach, beforeAll } from 'vitest'
import { startGateway, type TestGateway, type TestGatewayOptions } from '../helpers/gateway.ts'

/** A gateway with a token for the tests of a file. */
export interface Fixture {
  readonly gateway: TestGateway
  /** A token that may use everything. */
  readonly token: string
  /** Makes a further token with rules of its own. */
  tokenWith(rules: Record<string, unknown>): Promise<string>
}

/**
 * Starts one gateway for a test file, and forgets what its emulator saw after every test. Use the returned function
 * inside tests.
 */
export function served(options: TestGatewayOptions = {}): () => Fixture {
  let fixture: Fixture | undefined
  const get = (): Fixture => {
    if (fixture === undefined) throw new Error('the gateway is not started')
    return fixture
  }
  beforeAll(async () => {
    const gateway = await startGateway({ checksBooks: true, ...options })
    fixture = {
      gateway,
      token: (await gateway.token()).token,
      tokenWith: async (rules) => (await gateway.token(rules)).token,
    }
  })
  afterEach(() => get().gateway.emulator.reset())
  afterAll(() => get().gateway.close())
  return get
}

/** What a promise is rejected with; fails when it is not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** Everything that an asynchronous iteration gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** Where the second event of a stream ends: a place to break it that leaves no half event behind. */
export async function twoEvents(url: string, token: string, body: unknown): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await answer.text()
  return text.indexOf('\n\n', text.indexOf('\n\n') + 2) + 2
}
