import { describe, expect, it } from 'vitest'
import { configOf, problemsOf } from './helper.ts'

describe('callbacks', () => {
  it('are switched off unless told otherwise', () => {
    expect(configOf()).toMatchObject({ callbackUrls: 'off', callbackAllowedHosts: [] })
    expect(configOf().publicUrl).toBeUndefined()
  })

  it('are relayed where MiniMax can reach the gateway', () => {
    const env = {
      CALLBACK_URLS: 'relay',
      PUBLIC_URL: 'https://gateway.example.com:8443',
      CALLBACK_ALLOWED_HOSTS: 'hooks.example.com, *.apps.example.com',
    }
    expect(configOf(env)).toMatchObject({
      callbackUrls: 'relay',
      publicUrl: 'https://gateway.example.com:8443',
      callbackAllowedHosts: ['hooks.example.com', '*.apps.example.com'],
    })
  })

  it('cannot be relayed without an address', () => {
    expect(problemsOf({ CALLBACK_URLS: 'relay' })).toEqual([
      expect.stringMatching(/^PUBLIC_URL \(not set\): is needed for CALLBACK_URLS=relay/),
    ])
  })

  it('cannot be relayed to this machine alone', () => {
    expect(problemsOf({ CALLBACK_URLS: 'relay', PUBLIC_URL: 'https://localhost' })).toEqual([
      expect.stringMatching(/cannot reach/),
    ])
  })

  it.each([
    ['CALLBACK_URLS', 'on', /one of off, allow, relay/],
    ['PUBLIC_URL', 'http://gateway.example.com', /not an https URL/],
    ['PUBLIC_URL', 'gateway.example.com', /not an https URL/],
    ['PUBLIC_URL', 'https://u:p@gateway.example.com', /user name/],
    ['PUBLIC_URL', 'https://gateway.example.com/x#y', /fragment/],
    ['PUBLIC_URL', 'https://gateway.example.com?', /query/],
    ['CALLBACK_ALLOWED_HOSTS', 'https://hooks.example.com', /not a full host name/],
    ['CALLBACK_ALLOWED_HOSTS', 'hooks.example.com:443', /not a full host name/],
    ['CALLBACK_ALLOWED_HOSTS', 'Hooks.example.com', /not a full host name/],
    ['CALLBACK_ALLOWED_HOSTS', '*', /not a full host name/],
    ['CALLBACK_ALLOWED_HOSTS', '*.com', /not a full host name/],
    ['CALLBACK_ALLOWED_HOSTS', '10.0.0.1', /not a full host name/],
  ])('refuse %s=%s', (name, value, expected) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(expected)
  })
})
