import { expect, it } from 'vitest'
import type { ObjectChange, OwnedObject } from '../../src/store/store.ts'
import { Ownership } from '../../src/tenancy/ownership.ts'
import { VoiceNames } from '../../src/tenancy/voices.ts'

const TASK: OwnedObject = {
  kind: 'video_v2_task',
  id: '1',
  name: '1',
  account: 'main',
  userId: 'ada',
  tokenId: 't',
  requestId: 'r',
  operation: 'video.v2.create',
  detail: '{"id":"1","status":"queued"}',
  createdAt: 0,
  expiresAt: null,
}
const DONE = '{"id":"1","status":"succeeded"}'

function ownershipOf(object: OwnedObject | undefined, isBroken = false) {
  const written: ObjectChange[] = []
  const ownership = new Ownership({
    objects: {
      find: () => (isBroken ? Promise.reject(new Error('locked')) : Promise.resolve(object)),
      list: () => Promise.resolve({ items: [], next: null }),
      all: () => Promise.resolve([]),
    },
    write: (change) => written.push(change),
    isFailing: () => false,
    names: new VoiceNames(Buffer.alloc(32)),
    systemVoices: { has: () => false, knows: () => false },
    sharedVoices: new Set(),
    homeOf: () => 'main',
    clock: { now: () => 0, monotonic: () => 0 },
    random: () => 'x',
  })
  return { ownership, written }
}

it('a task that the gateway has asked about is listed as it was seen', async () => {
  const { ownership, written } = ownershipOf(TASK)
  await ownership.seen('ada', '1', Buffer.from(`{"task":${DONE}}`))
  expect(written).toEqual([{ kind: 'own', object: { ...TASK, detail: DONE } }])
})

it.each([
  ['that is seen as before', TASK, `{"task":${TASK.detail}}`, false],
  ['that is nobody’s', undefined, `{"task":${DONE}}`, false],
  ['of which the answer does not tell', TASK, '{"error":{}}', false],
  ['that cannot be looked up', TASK, `{"task":${DONE}}`, true],
])('nothing is written of one %s', async (_name, object, answer, isBroken) => {
  const { ownership, written } = ownershipOf(object, isBroken)
  await ownership.seen('ada', '1', Buffer.from(answer))
  expect(written).toEqual([])
})
