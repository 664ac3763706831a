import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apply, touched, type Change } from './change'
import { refusalText } from './refusal'
import { anyChange, sampleBlock, sampleGraph, snapshot } from './sample'

const start = () => sampleGraph('a b c d e f', 'a>b b>c a>c c>d e>d')

describe('random sequences of changes', () => {
  test('are taken back exactly by their inverses', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 40 }), (changes) => {
        const graph = start()
        const states = [snapshot(graph)]
        const inverses: Change[] = []
        for (const change of changes) {
          const result = apply(graph, change)
          if (!result.ok) {
            expect(snapshot(graph)).toEqual(states.at(-1))
            continue
          }
          inverses.push(result.inverse)
          states.push(snapshot(graph))
        }
        while (inverses.length > 0) {
          expect(snapshot(graph)).toEqual(states.pop())
          expect(apply(graph, inverses.pop()!).ok).toBe(true)
        }
        expect(snapshot(graph)).toEqual(states.pop())
      }),
      { numRuns: 300 },
    )
  })

  test('leave no cycle, no loose edge and no name twice', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 40 }), (changes) => {
        const graph = start()
        for (const change of changes) apply(graph, change)
        const edges = [...graph.edges()]
        expect(graph.edgeCount).toBe(edges.length)
        for (const { parent, child } of edges) {
          expect(graph.block(parent) && graph.block(child)).toBeTruthy()
          expect(graph.path(child, parent)).toBeUndefined()
        }
        const names = [...graph.blocks()].map((b) => b.name)
        expect(new Set(names).size).toBe(names.length)
      }),
    )
  })

  test('name every block that looks different afterwards', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 20 }), (changes) => {
        const graph = start()
        for (const change of changes) {
          const before = new Map([...graph.blocks()].map((b) => [b.id, b]))
          if (!apply(graph, change).ok) continue
          const told = new Set(touched(change))
          const ids = new Set([...before.keys(), ...[...graph.blocks()].map((b) => b.id)])
          for (const id of ids) if (before.get(id) !== graph.block(id)) expect(told).toContain(id)
        }
      }),
    )
  })
})

test('a cycle is refused and its path named', () => {
  const graph = start()
  const result = apply(graph, { op: 'connect', edge: { parent: 'd', child: 'a' } })
  expect(result).toEqual({ ok: false, refusal: { reason: 'BLOCK_CYCLE', path: ['a', 'c', 'd'] } })
  expect(!result.ok && refusalText(result.refusal, graph)).toBe('That would be a cycle: a → c → d → a.')
})

test('a block cannot be its own parent', () => {
  const graph = start()
  const result = apply(graph, { op: 'connect', edge: { parent: 'f', child: 'f' } })
  expect(!result.ok && refusalText(result.refusal, graph)).toBe('`f` cannot be its own parent.')
})

test('undoing a delete puts edges back at their place among the parents', () => {
  const graph = start()
  const result = apply(graph, { op: 'delete', ids: ['a', 'c'] })
  expect(graph.parents('d')).toEqual(['e'])
  if (result.ok) apply(graph, result.inverse)
  expect(graph.parents('d')).toEqual(['c', 'e'])
  expect(graph.parents('c')).toEqual(['b', 'a'])
})

test('a batch with one refused change leaves nothing behind', () => {
  const graph = start()
  const before = snapshot(graph)
  const result = apply(graph, {
    op: 'batch',
    changes: [
      { op: 'add', block: sampleBlock('g') },
      { op: 'delete', ids: ['a'] },
      { op: 'rename', id: 'b', name: 'c' },
    ],
  })
  expect(result).toEqual({ ok: false, refusal: { reason: 'NAME_TAKEN', name: 'c' } })
  expect(snapshot(graph)).toEqual(before)
})

test('deleting 5,000 blocks and undoing it takes no time to speak of', () => {
  const graph = sampleGraph('root')
  const blocks = Array.from({ length: 5000 }, (_, i) => sampleBlock(`b${i}`))
  const edges = blocks.map((b, i) => ({ parent: i < 10 ? 'root' : `b${i - 10}`, child: b.id, index: 0 }))
  expect(apply(graph, { op: 'paste', blocks, edges }).ok).toBe(true)
  const gone = apply(graph, { op: 'delete', ids: blocks.map((b) => b.id) })
  expect(graph.size).toBe(1)
  expect(gone.ok && apply(graph, gone.inverse).ok).toBe(true)
  expect(graph.edgeCount).toBe(5000)
})
