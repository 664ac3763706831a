import { blockRect } from './block'
import type { Graph } from './graph'
import { overlaps, rectOf, type Point, type Size } from './rect'

const apart = 20

/** Where a block of this size lies on no other: the wanted place, or straight below what is in its way. */
export function freePlace(graph: Graph, wanted: Point, size: Size): Point {
  const { x } = wanted
  let { y } = wanted
  const rects = [...graph.blocks()].map(blockRect)
  for (;;) {
    const { x0, y0, x1, y1 } = rectOf({ x, y }, size)
    const around = { x0: x0 - apart, y0: y0 - apart, x1: x1 + apart, y1: y1 + apart }
    const inTheWay = rects.filter((rect) => overlaps(rect, around))
    if (inTheWay.length === 0) return { x, y }
    // The nearest end below: each step passes one block at least.
    y = Math.min(...inTheWay.map((rect) => rect.y1)) + 2 * apart
  }
}
