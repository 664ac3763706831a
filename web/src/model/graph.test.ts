import { expect, test } from 'vitest'
import { depths, topological } from './order'
import { sampleGraph } from './sample'
import { neighbour, nothing, prune, select, toggle } from './selection'
import { apply } from './change'

test('a path is the shortest one, both ends included', () => {
  const graph = sampleGraph('a b c d', 'a>b b>c c>d b>d')
  expect(graph.path('a', 'd')).toEqual(['a', 'b', 'd'])
  expect(graph.path('d', 'a')).toBeUndefined()
})

test('reach finds all above and all below', () => {
  const graph = sampleGraph('a b c d e', 'a>b b>c d>c c>e')
  expect([...graph.reach(['c'], 'up')].sort()).toEqual(['a', 'b', 'c', 'd'])
  expect([...graph.reach(['b'], 'down')].sort()).toEqual(['b', 'c', 'e'])
})

test('topological order has parents first, then what is higher, then what is further left', () => {
  const graph = sampleGraph('a b c d e', 'e>a a>b')
  expect(topological(graph).map((b) => b.id)).toEqual(['c', 'd', 'e', 'a', 'b'])
  apply(graph, { op: 'move', moves: [{ id: 'd', at: { x: 0, y: -10 } }] })
  expect(topological(graph).map((b) => b.id)).toEqual(['d', 'c', 'e', 'a', 'b'])
  expect(depths(graph).get('b')).toBe(2)
})

test('arrows lead to parents, children and siblings', () => {
  const graph = sampleGraph('a b c d', 'a>b a>c a>d')
  apply(graph, {
    op: 'move',
    moves: ['b', 'c', 'd'].map((id, i) => ({ id, at: { x: 400, y: 300 * i - 300 } })),
  })
  expect(neighbour(graph, 'a', 'right')).toBe('c')
  expect(neighbour(graph, 'c', 'up')).toBe('b')
  expect(neighbour(graph, 'c', 'down')).toBe('d')
  expect(neighbour(graph, 'd', 'down')).toBeUndefined()
  expect(neighbour(graph, 'd', 'left')).toBe('a')
})

test('a selection keeps its focus while that is selected', () => {
  const graph = sampleGraph('a b')
  let s = toggle(toggle(nothing, 'a'), 'b')
  expect(s.focus).toBe('b')
  s = toggle(s, 'b')
  expect([...s.ids]).toEqual(['a'])
  expect(s.focus).toBe('a')
  apply(graph, { op: 'delete', ids: ['a'] })
  expect(prune(s, graph)).toBe(nothing)
  expect(prune(nothing, graph)).toBe(nothing)
  expect(select(['a', 'b'], 'a').focus).toBe('a')
})
