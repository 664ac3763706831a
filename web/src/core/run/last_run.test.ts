import { expect, test } from 'vitest'
import { sampleBlock } from '../../model/sample'
import { lastRun } from './last_run'
import { neverRun, type Live } from './live'

test('the newest run is shown in the order in which its blocks began, what still runs up to now', () => {
  const live: Record<string, Live> = {
    a: {
      ...neverRun,
      state: 'up_to_date',
      attempt: 'r2/a.1',
      finishedMs: 5000,
      phasesMs: { run: 300, save: 100 },
    },
    b: { ...neverRun, state: 'running', attempt: 'r2/b.1' },
    old: { ...neverRun, state: 'stale', attempt: 'r1/old.1', finishedMs: 900, phasesMs: { run: 10 } },
    never: neverRun,
  }
  const blocks = Object.keys(live).map((id) => sampleBlock(id))
  expect(lastRun(blocks, (id) => live[id]!, new Map([['b', 5100]]), 9000)).toEqual([
    { block: 'a', status: 'succeeded', startedMs: 4600, finishedMs: 5000 },
    { block: 'b', status: 'running', startedMs: 5100, finishedMs: 9000 },
  ])
})
