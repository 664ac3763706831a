import { expect, test } from 'vitest'
import type { RunState } from './block'
import { doubtful } from './doubtful'
import { Graph } from './graph'

/** load -> clean -> plot, load -> other; side stands alone. */
function graphOf(states: Record<string, RunState>): [Graph, (id: string) => RunState] {
  const graph = new Graph()
  for (const id of ['load', 'clean', 'plot', 'other', 'side'])
    graph.putBlock({
      id,
      kind: 'python',
      name: id,
      code: '',
      at: { x: 0, y: 0 },
      size: { w: 1, h: 1 },
      settings: {},
    })
  for (const [parent, child] of [
    ['load', 'clean'],
    ['clean', 'plot'],
    ['load', 'other'],
  ] as const)
    graph.putEdge({ parent, child })
  return [graph, (id) => states[id] ?? 'up_to_date']
}

test('without anything to run nothing is in doubt', () => {
  expect(doubtful(...graphOf({})).size).toBe(0)
})

test('all below a stale block is in doubt, what stands beside it is not', () => {
  expect([...doubtful(...graphOf({ load: 'stale' }))].sort()).toEqual([
    ['clean', 'load'],
    ['other', 'load'],
    ['plot', 'load'],
  ])
})

test('the nearest block that has to run is the cause, and what has never run stays so', () => {
  const doubts = doubtful(...graphOf({ load: 'stale', clean: 'failed', other: 'never_run' }))
  expect([...doubts]).toEqual([['plot', 'clean']])
})
