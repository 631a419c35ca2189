import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'

const load = (env: Record<string, string>) =>
  loadConfig({ env: { MINIMAX_API_KEY: `sk-api-${'k'.repeat(32)}`, ...env } }).config

describe('the settings about abuse', () => {
  it('are read', () => {
    const config = load({
      ABUSE_RESPONSE: 'throttle',
      ABUSE_SHADOW: 'off_hours,novel_source',
      ABUSE_ALLOW_NETWORKS: '198.51.100.0/24,2001:db8::/48',
      NOTICE_WEBHOOK_URL: 'https://hooks.example.com/services/1',
      SMTP_URL: 'smtps://user:secret@mail.example.com',
      MAIL_FROM: 'gateway@example.com',
    })
    expect(config).toMatchObject({
      abuseResponse: 'throttle',
      abuseShadow: ['off_hours', 'novel_source'],
      abuseAllowNetworks: ['198.51.100.0/24', '2001:db8::/48'],
    })
    expect(config.noticeWebhookUrl?.reveal()).toBe('https://hooks.example.com/services/1')
    expect(JSON.stringify(config)).not.toMatch(/services|secret@/)
  })

  it.each([
    [{ ABUSE_RESPONSE: 'ban' }, /ABUSE_RESPONSE .*one of off, watch/],
    [{ ABUSE_SHADOW: 'nothing' }, /ABUSE_SHADOW .*"nothing" is no signal\. There are: volume_envelope/],
    [{ ABUSE_ALLOW_NETWORKS: 'home' }, /ABUSE_ALLOW_NETWORKS/],
    [{ NOTICE_WEBHOOK_URL: 'http://hooks.example.com/' }, /NOTICE_WEBHOOK_URL .*not an https URL/],
    [{ SMTP_URL: 'https://mail.example.com', MAIL_FROM: 'a@b' }, /SMTP_URL .*not smtp:/],
    [{ SMTP_URL: 'smtps://mail.example.com' }, /MAIL_FROM .*needed with SMTP_URL/],
    [{ MAIL_TO: 'ops@example.com' }, /SMTP_URL .*needed with MAIL_TO/],
    [{ SMTP_URL: 'smtps://m.example.com', MAIL_FROM: 'x <a@b>' }, /MAIL_FROM .*no mail address/],
    [{ GITHUB_KEYS_URL: 'http://api.github.com' }, /GITHUB_KEYS_URL .*not an https URL/],
  ])('are refused: %j', (env, problem) => {
    expect(() => load(env)).toThrow(problem)
  })
})
