/** More than this unsent to one side, and the other side is not read until it is down to LOW. */
export const HIGH_WATER = 256 * 1024
const LOW_WATER = 64 * 1024

/** What is used of a WebSocket to pass messages on. */
interface Side {
  readonly bufferedAmount: number
  readonly isPaused: boolean
  send(message: Buffer, options: { readonly binary: boolean }, sent: () => void): void
  pause(): void
  resume(): void
}

/** A message of upstream on its way to the client. */
export interface Message {
  readonly bytes: Buffer
  readonly isBinary: boolean
}

/** Sends a message on, and stops reading its source while the target takes no more. */
export function pass(target: Side, message: Buffer, isBinary: boolean, source: Side): void {
  target.send(message, { binary: isBinary }, () => {
    if (source.isPaused && target.bufferedAmount <= LOW_WATER) source.resume()
  })
  if (target.bufferedAmount > HIGH_WATER) source.pause()
}

/** @returns a message in one piece */
export function bytesOf(data: Buffer | ArrayBuffer | readonly Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data
  return data instanceof ArrayBuffer ? Buffer.from(data) : Buffer.concat(data)
}
