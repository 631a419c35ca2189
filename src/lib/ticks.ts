import { createHook } from 'node:async_hooks'

/**
 * Keeps one of the objects alive that `process.nextTick` makes. V8 holds the shape of such an object weakly: should a
 * full collection come while no tick is waiting, before the function is optimised, every later tick takes V8's slow
 * path for computed keys, about 1 µs instead of 0.15, and a call has dozens of them. A process that has loaded as much
 * as this one nearly always meets that. Seen with V8 14 (Node 26): `gc()` a few times before the first thousand ticks.
 */
function keepTickShape(): unknown {
  let kept: unknown
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type === 'TickObject') kept ??= resource
    },
  })
  hook.enable()
  process.nextTick(() => undefined)
  hook.disable()
  return kept
}

/** The object that is kept; of no other use. */
export const keptTick = keepTickShape()
