import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../errors.ts'
import { hasBody } from '../proxy/body.ts'
import { refuseRepeatedHeaders, refuseStrangeVersion } from '../proxy/headers.ts'
import { upgradeOf, type Pipeline } from './passage.ts'

/** What stands before everything that people without a credential may call. */
export interface AccessDoors extends Pick<Pipeline, 'flood' | 'failures' | 'clock' | 'isDraining'> {
  /** Told of what is not the caller's fault; the caller is not told. */
  readonly onError: (error: unknown, requestId: string) => void
}

/** The server gives uploads an hour to arrive; a form is there at once. */
const LONGEST_MS = 30_000

/**
 * The doors of the gateway's own API, without the last one: nobody has a credential here.
 * @throws GatewayError (rejects with it)
 */
export async function openDoors(
  { flood, isDraining }: AccessDoors,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { raw } = request
  if (isDraining()) throw new GatewayError('draining')
  refuseStrangeVersion(raw)
  refuseRepeatedHeaders(raw.rawHeaders)
  if (raw.method === 'GET' && hasBody(raw))
    throw new GatewayError('invalid_request', 'This address takes no body.')
  if (upgradeOf(raw) !== undefined) {
    throw new GatewayError('invalid_request', 'This address does not speak WebSocket.')
  }
  const timer = setTimeout(() => raw.socket.destroy(), LONGEST_MS)
  reply.raw.once('close', () => clearTimeout(timer))
  await flood?.(request)
}
