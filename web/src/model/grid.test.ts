import fc from 'fast-check'
import { expect, test } from 'vitest'
import { curveBetween, curveBounds, distanceToCurve } from './curve'
import { Grid } from './grid'
import { overlaps, rectOf, type Rect } from './rect'
import { fitView, levelAt, Mounts, viewRect } from './visible'

const rect: fc.Arbitrary<Rect> = fc
  .tuple(
    fc.integer({ min: -9000, max: 9000 }),
    fc.integer({ min: -9000, max: 9000 }),
    fc.integer({ min: 1, max: 4000 }),
    fc.integer({ min: 1, max: 4000 }),
  )
  .map(([x, y, w, h]) => rectOf({ x, y }, { w, h }))

test('after any moves and removals the grid finds exactly what overlaps', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.option(rect))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), rect, (steps, asked) => {
      const grid = new Grid()
      const truth = new Map<string, Rect>()
      for (const [n, r] of steps) {
        if (r) {
          grid.set(`b${n}`, r)
          truth.set(`b${n}`, r)
        } else {
          grid.delete(`b${n}`)
          truth.delete(`b${n}`)
        }
      }
      const want = [...truth].filter(([, r]) => overlaps(r, asked)).map(([id]) => id)
      expect(grid.inside(asked).sort()).toEqual(want.sort())
    }),
  )
})

test('of blocks under a point the one put last is found', () => {
  const grid = new Grid()
  grid.set('a', rectOf({ x: 0, y: 0 }, { w: 100, h: 100 }))
  grid.set('b', rectOf({ x: 50, y: 50 }, { w: 100, h: 100 }))
  expect(grid.at({ x: 60, y: 60 })).toBe('b')
  expect(grid.at({ x: 10, y: 10 })).toBe('a')
  expect(grid.at({ x: 500, y: 10 })).toBeUndefined()
})

test('the ends of an edge lie on it, and its bounds hold it', () => {
  fc.assert(
    fc.property(rect, rect, (a, b) => {
      const curve = curveBetween(a, b)
      const box = curveBounds(curve)
      for (const end of [curve.from, curve.to]) {
        expect(distanceToCurve(curve, end)).toBeLessThan(1e-6)
        expect(end.x >= box.x0 && end.x <= box.x1 && end.y >= box.y0 && end.y <= box.y1).toBe(true)
      }
      expect(distanceToCurve(curve, { x: curve.from.x, y: curve.from.y + 1e5 })).toBeGreaterThan(8e4)
    }),
  )
})

test('a fitted view shows all of the rectangle', () => {
  fc.assert(
    fc.property(rect, (r) => {
      const size = { w: 1400, h: 800 }
      const shown = viewRect(fitView(r, size, 40), size)
      expect(shown.x0 <= r.x0 && shown.y0 <= r.y0 && shown.x1 >= r.x1 && shown.y1 >= r.y1).toBe(true)
    }),
  )
})

test('levels change at 0.3 and 0.5', () => {
  expect([0.29, 0.3, 0.49, 0.5].map(levelAt)).toEqual(['far', 'mid', 'mid', 'near'])
})

test('cards are made a few at a time, go when well outside, and pinned ones stay', () => {
  const mounts = new Mounts()
  mounts.pins = new Set(['p'])
  expect(mounts.step(['a', 'b', 'c'], new Set(['a', 'b', 'c']), 2)).toBe(true)
  expect([...mounts.set]).toEqual(['p', 'a', 'b'])
  mounts.step(['a', 'b', 'c'], new Set(['a', 'b', 'c']), 2)
  expect(mounts.set.size).toBe(4)
  expect(mounts.step(['a', 'b', 'c'], new Set(['a', 'b', 'c']), 2)).toBe(false)
  mounts.step([], new Set(['a']), 2)
  expect([...mounts.set]).toEqual(['p', 'a'])
})
