import { expect, test } from 'vitest'
import { freePlace } from './free_place'
import { Graph } from './graph'

const size = { w: 400, h: 300 }
function graphOf(...places: { x: number; y: number }[]): Graph {
  const graph = new Graph()
  places.forEach((at, i) =>
    graph.putBlock({ id: `b${i}`, kind: 'python', name: `b${i}`, code: '', at, size, settings: {} }),
  )
  return graph
}

test('a free place is taken as it is, also one right beside a block', () => {
  expect(freePlace(graphOf(), { x: 7, y: 9 }, size)).toEqual({ x: 7, y: 9 })
  expect(freePlace(graphOf({ x: 0, y: 0 }), { x: 460, y: 0 }, size)).toEqual({ x: 460, y: 0 })
})

test('a second block above another goes below the first one, a third below both', () => {
  const child = { x: 460, y: 0 }
  expect(freePlace(graphOf(child, { x: 0, y: 0 }), { x: 0, y: 0 }, size)).toEqual({ x: 0, y: 340 })
  expect(freePlace(graphOf(child, { x: 0, y: 0 }, { x: 0, y: 340 }), { x: 0, y: 0 }, size)).toEqual({
    x: 0,
    y: 680,
  })
})

test('between two blocks there has to be room for all of it', () => {
  const between = freePlace(graphOf({ x: 0, y: 0 }, { x: 0, y: 500 }), { x: 0, y: 100 }, size)
  expect(between).toEqual({ x: 0, y: 840 })
})
