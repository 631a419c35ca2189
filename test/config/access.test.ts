import { describe, expect, it } from 'vitest'
import { configOf, problemsOf } from './helper.ts'

describe('requests for access', () => {
  it('are off unless told otherwise', () => {
    expect(configOf()).toMatchObject({ accessRequests: 'off', accessRequestsPerHour: 60 })
    expect(configOf().accessRequestPlan).toBeUndefined()
  })

  it.each([
    'https://gateway.example.com',
    'https://example.com/minimax',
    'http://127.0.0.1:8080',
    'http://localhost:8080',
  ])('have links that lead to %s', (url) => {
    expect(configOf({ ACCESS_REQUESTS: 'on', PUBLIC_URL: url })).toMatchObject({
      accessRequests: 'on',
      publicUrl: url,
    })
  })

  it('need to know where links lead', () => {
    expect(problemsOf({ ACCESS_REQUESTS: 'on' })).toEqual([
      expect.stringMatching(/^PUBLIC_URL \(not set\): is needed for ACCESS_REQUESTS=on/),
    ])
  })

  it.each([
    ['ACCESS_REQUESTS', 'yes', /one of off, on/],
    ['ACCESS_REQUESTS_PER_HOUR', '0', /from 1 to 10000/],
    ['PUBLIC_URL', 'http://gateway.example.com', /https/],
    ['PUBLIC_URL', 'javascript:alert(1)', /https/],
  ])('refuse %s=%s', (name, value, expected) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(expected)])
  })
})
