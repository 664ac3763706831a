import { expect, test } from 'vitest'
import { align } from './align'
import type { Block } from './block'

const block = (id: string, x: number, y: number, w = 100, h = 50): Block => ({
  id,
  kind: 'python',
  name: id,
  code: '',
  at: { x, y },
  size: { w, h },
  settings: {},
})

test('a common side moves only who is off it', () => {
  const blocks = [block('a', 0, 0), block('b', 30, 80), block('c', 0, 160)]
  expect(align(blocks, 'left')).toEqual([{ id: 'b', at: { x: 0, y: 80 } }])
  expect(align(blocks, 'right').map((m) => m.id)).toEqual(['a', 'c'])
})
test('equal gaps keep the first and the last', () => {
  const blocks = [block('c', 500, 0), block('a', 0, 0), block('b', 110, 0)]
  expect(align(blocks, 'across')).toEqual([{ id: 'b', at: { x: 250, y: 0 } }])
})
test('blocks that overlap are pulled apart', () => {
  const moves = align([block('a', 0, 0), block('b', 10, 0), block('c', 20, 0)], 'across')
  expect(moves.map((m) => m.at.x)).toEqual([120, 240])
})
test('one block has nothing to align with', () => expect(align([block('a', 0, 0)], 'top')).toEqual([]))
