import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunkOf, LARGEST_CHUNK } from '../../src/proxy/chunk.ts'

test('a chunk has its length in hexadecimal before it, and line ends around it', () => {
  expect(chunkOf(Buffer.from('data: hi\n\n')).toString()).toBe('a\r\ndata: hi\n\n\r\n')
})

test('bytes of any length come out of it as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: LARGEST_CHUNK, size: 'max' }), (bytes) => {
      const chunk = chunkOf(Buffer.from(bytes))
      const end = chunk.indexOf('\r\n')
      expect(chunk.subarray(0, end).toString()).toBe(bytes.length.toString(16))
      expect(chunk.subarray(end + 2, -2).equals(bytes)).toBe(true)
      expect(chunk.subarray(-2).toString()).toBe('\r\n')
    }),
  )
})
