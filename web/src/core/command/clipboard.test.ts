import { expect, test } from 'vitest'
import { apply } from '../../model/change'
import { sampleGraph } from '../../model/sample'
import { copied, pasted } from './clipboard'

test('blocks that are pasted into another canvas keep their edges and get free names', () => {
  const target = sampleGraph('a x')
  const change = pasted(target, copied(sampleGraph('a b c', 'a>b b>c'), ['a', 'b']), { x: 100, y: 50 })!
  expect(apply(target, change).ok).toBe(true)
  expect(change.blocks.map((block) => block.name)).toEqual(['a_2', 'b'])
  const [a, b] = change.blocks
  expect(target.parents(b!.id)).toEqual([a!.id])
  expect(a!.at).toEqual({ x: 100, y: 50 })
})
test('pasting twice makes two', () => {
  const graph = sampleGraph('a')
  const text = copied(graph, ['a'])
  for (let i = 0; i < 2; i++) expect(apply(graph, pasted(graph, text, { x: 0, y: 0 })!).ok).toBe(true)
  expect(graph.size).toBe(3)
})
test('what is not blocks is not pasted', () => {
  const graph = sampleGraph('a')
  const whole = JSON.parse(copied(graph, ['a'])) as { blocks: Record<string, unknown>[] }
  const bad: unknown[] = [
    'hello',
    42,
    null,
    { ...whole, type: 'other' },
    { ...whole, blocks: [] },
    { ...whole, blocks: [{ ...whole.blocks[0], name: '../x' }] },
    { ...whole, blocks: [{ ...whole.blocks[0], at: { x: null, y: 1 } }] },
    { ...whole, blocks: [whole.blocks[0], whole.blocks[0]] },
    { ...whole, blocks: [{ ...whole.blocks[0], kind: 'shell' }] },
  ]
  for (const value of bad) expect(pasted(graph, JSON.stringify(value), { x: 0, y: 0 })).toBeUndefined()
})
test('edges of a clipboard that would be a cycle are left out', () => {
  const whole = JSON.parse(copied(sampleGraph('a b', 'a>b'), ['a', 'b'])) as Record<string, unknown>
  const text = JSON.stringify({
    ...whole,
    edges: [
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'z'],
    ],
  })
  expect(pasted(sampleGraph('x'), text, { x: 0, y: 0 })!.edges).toHaveLength(1)
})
