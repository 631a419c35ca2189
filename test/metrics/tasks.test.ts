import { describe, expect, it } from 'vitest'
import type { TaskTally } from '../../src/metrics/labels.ts'
import { Metrics } from '../../src/metrics/metrics.ts'

async function samples(metrics: Metrics): Promise<string[]> {
  const { text } = await metrics.exposition()
  return text.split('\n').filter((line) => line.startsWith('minimax_gateway_tasks{'))
}

describe('the tasks among the metrics', () => {
  it('are counted anew whenever they are read', async () => {
    const metrics = new Metrics()
    let tallies: TaskTally[] = [{ kind: 'video', state: 'running', count: 3 }]
    metrics.watchTasks(async () => tallies)
    const first = await samples(metrics)
    expect(first).toHaveLength(16)
    expect(first).toContain('minimax_gateway_tasks{kind="video",state="running"} 3')
    expect(first).toContain('minimax_gateway_tasks{kind="speech",state="expired"} 0')
    tallies = [{ kind: 'video', state: 'succeeded', count: 2 }]
    const second = await samples(metrics)
    expect(second).toContain('minimax_gateway_tasks{kind="video",state="running"} 0')
    expect(second).toContain('minimax_gateway_tasks{kind="video",state="succeeded"} 2')
  })

  it('are missing while nobody can count them, and nothing else is', async () => {
    const metrics = new Metrics()
    metrics.watchTasks(async () => [{ kind: 'video', state: 'running', count: 3 }])
    await samples(metrics)
    metrics.watchTasks(() => Promise.reject(new Error('no store')))
    expect(await samples(metrics)).toEqual([])
    expect((await metrics.exposition()).text).toContain('minimax_gateway_inflight{')
  })
})
