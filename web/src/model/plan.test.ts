import { expect, test } from 'vitest'
import { tidy } from './layout'
import { guessPlan, scope } from './plan'
import { sampleBlock, sampleGraph } from './sample'
import type { RunState } from './block'
import { overlaps } from './rect'
import { apply } from './change'
import { blockRect } from './block'

const request = { blocks: [], force: false }
const states = (special: Record<string, RunState>) => (id: string) => special[id] ?? 'up_to_date'

test('only what is stale runs, and what is below it may', () => {
  const graph = sampleGraph('a b c d', 'a>b b>c')
  expect(guessPlan(graph, { ...request, mode: 'all' }, states({ b: 'stale' }))).toEqual([
    { block: 'a', action: 'up_to_date', reason: 'nothing that it depends on changed' },
    { block: 'b', action: 'run', reason: 'something it depends on changed' },
    { block: 'c', action: 'maybe', reason: 'only if what `b` leaves changes' },
    { block: 'd', action: 'up_to_date', reason: 'nothing that it depends on changed' },
  ])
})

test('force runs what is up to date', () => {
  const graph = sampleGraph('a b', 'a>b')
  const plan = guessPlan(graph, { mode: 'this', blocks: ['a'], force: true }, states({}))
  expect(plan).toEqual([{ block: 'a', action: 'run', reason: 'forced' }])
})

test('scopes follow the edges and leave notes out', () => {
  const graph = sampleGraph('a b c', 'a>b b>c')
  graph.putBlock(sampleBlock('n', { kind: 'markdown' }))
  expect(scope(graph, { ...request, mode: 'up_to', blocks: ['b'] })).toEqual(['a', 'b'])
  expect(scope(graph, { ...request, mode: 'from', blocks: ['b'] })).toEqual(['b', 'c'])
  expect(scope(graph, { ...request, mode: 'all' })).toEqual(['a', 'b', 'c'])
})

test('a tidied selection overlaps nowhere, has parents to the left, and is tidy already', () => {
  const graph = sampleGraph('a b c d e f', 'a>b a>c b>d c>d e>f')
  const all = new Set('abcdef')
  apply(graph, { op: 'move', moves: [...all].map((id) => ({ id, at: { x: 10, y: 10 } })) })
  apply(graph, { op: 'move', moves: tidy(graph, all) })
  const blocks = [...graph.blocks()]
  for (const a of blocks)
    for (const b of blocks) if (a !== b) expect(overlaps(blockRect(a), blockRect(b))).toBe(false)
  for (const { parent, child } of graph.edges())
    expect(graph.block(parent)!.at.x).toBeLessThan(graph.block(child)!.at.x)
  expect(tidy(graph, all)).toEqual([])
})
