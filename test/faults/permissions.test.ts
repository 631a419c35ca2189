import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { bodyFor, callOperation, messageOfError, post } from '../helpers/calls.ts'
import { requestLines } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { requestText, sendRaw, UPGRADE } from '../helpers/wire.ts'

const shared = sharedGateway()

const HTTP = OPERATIONS.filter(({ body }) => body !== 'websocket')

describe('a token that is bound', () => {
  it('to one operation may use no other one, and MiniMax hears of none', async () => {
    const { gateway } = shared()
    const { token } = await gateway.token({ operations: ['models.list'] })
    for (const operation of HTTP) {
      const answer = await callOperation(gateway.url, token, operation)
      const text = await answer.text()
      if (operation.name === 'models.list') expect(answer.status).toBe(200)
      else {
        expect(answer.status, operation.name).toBe(403)
        expect(messageOfError(operation.dialect, text)).toBe('The token may not use this operation.')
      }
    }
    const upgrade = requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE])
    expect((await sendRaw(gateway.url, upgrade)).status).toBe(403)
    expect(gateway.emulator.requests.map(({ operation }) => operation)).toEqual(['models.list'])
  })

  it('to a group of operations may use that group', async () => {
    const { gateway } = shared()
    const { token } = await gateway.token({ operations: ['chat.*'] })
    const statuses = new Map<string, number>()
    for (const operation of HTTP)
      statuses.set(operation.name, (await callOperation(gateway.url, token, operation)).status)
    for (const [name, status] of statuses)
      expect(status === 403, `${name}: ${status}`).toBe(!name.startsWith('chat.'))
  })

  it('to a model may use no other one, and has to name it where MiniMax would pick one', async () => {
    const { gateway } = shared()
    const { token } = await gateway.token({ models: ['no-such-model'] })
    for (const operation of HTTP.filter(({ body, model }) => body === 'json' && model !== 'none')) {
      const { model, ...unnamed } = bodyFor(operation)
      for (const body of operation.model === 'defaulted'
        ? [{ ...unnamed, model }, unnamed]
        : [{ ...unnamed, model }]) {
        const answer = await post(gateway.url, token, operation.path, body)
        expect(answer.status, operation.name).toBe(403)
        expect(messageOfError(operation.dialect, await answer.text())).toBe(
          'The token may not use this model.',
        )
      }
    }
    expect(gateway.emulator.requests).toEqual([])
    expect(new Set(requestLines(gateway).map(({ outcome }) => outcome))).toEqual(
      new Set(['caller_forbidden']),
    )
  })
})
