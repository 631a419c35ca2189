import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTraffic, TrafficProblem } from '../../src/abuse/replay/traffic.ts'

function lineOf(change: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ client: 'a', window_s: 600, requests: [1, 0, 2], ...change })
}

describe('a traffic file', () => {
  it('is read line by line, whatever the counts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(), { minLength: 3, maxLength: 3 }), { minLength: 1 }),
        (counts) => {
          const text = counts.map((requests) => lineOf({ requests })).join('\n')
          expect(parseTraffic(text, 3)).toEqual(counts.map((requests) => ({ name: 'a', requests })))
        },
      ),
    )
  })

  it.each([
    ['no client', '', 'there is no client'],
    ['no JSON', 'x', 'line 1: not JSON'],
    ['a list', '[', 'line 1: not JSON'],
    ['a number', '7', 'line 1: not an object'],
    ['no name', lineOf({ client: 7 }), '`client`'],
    ['windows of another length', lineOf({ window_s: 60 }), '`window_s` is not 600'],
    ['no list of requests', lineOf({ requests: 'x' }), '`requests` is not a list'],
    ['half a request', lineOf({ requests: [1, 0.5, 1] }), '`requests[1]`'],
    ['less than no request', lineOf({ requests: [1, 1, -1] }), '`requests[2]`'],
    ['too few windows', lineOf({ requests: [1] }), '1 windows instead of 3'],
    ['a bad line after a good one', `${lineOf({})}\n{}`, 'line 2'],
  ])('with %s is refused by name', (_, text, message) => {
    expect(() => parseTraffic(text, 3)).toThrow(TrafficProblem)
    expect(() => parseTraffic(text, 3)).toThrow(message)
  })
})
