import { expect, it } from 'vitest'
import { runIdentitySimulation } from '../../src/abuse/replay/identity.ts'

it('finds who shares a token, and leaves who does not alone, on seeds that chose no parameter', () => {
  const { falseAlarms, attacks } = runIdentitySimulation({ seed: 11, tokens: 60 })
  expect(falseAlarms).toBeLessThanOrEqual(0.1)
  for (const { recall } of attacks) expect(recall).toBeGreaterThanOrEqual(0.95)
})
