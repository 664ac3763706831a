import { expect, test } from 'vitest'
import { zoomOfWholeColumns } from './visible'

const column = (x: number, w: number) => ({ x0: x, y0: 0, x1: x + w, y1: 300 })

test('a canvas begins with columns that are whole', () => {
  const blocks = [column(0, 400), column(460, 420), column(940, 420), column(1420, 460)]
  const zoom = zoomOfWholeColumns(blocks, column(0, 1880), { w: 844, h: 800 })
  expect(zoom).toBeGreaterThanOrEqual(0.6)
  expect(blocks.filter(({ x0, x1 }) => x0 * zoom < 844 && x1 * zoom > 844)).toEqual([])
})

test('what no zoom shows whole is shown in a size to read; what is below the window does not count', () => {
  const wide = column(0, 4000)
  expect(zoomOfWholeColumns([wide], wide, { w: 844, h: 800 })).toBe(0.72)
  expect(zoomOfWholeColumns([column(0, 400), { ...wide, y0: 2000 }], wide, { w: 844, h: 800 })).toBe(0.8)
})
