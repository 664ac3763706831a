import type { Point, Rect } from './rect'

/** How far below its top a block's ports are: the middle of the header. */
export const portY = 38

/** The cubic Bézier curve of an edge, from the parent's right port to the child's left one. */
export interface Curve {
  readonly from: Point
  readonly to: Point
  /** How far the control points lie from the ends, horizontally. */
  readonly reach: number
}

export function curveBetween(parent: Rect, child: Rect): Curve {
  return curveTo(
    { x: parent.x1, y: parent.y0 + Math.min(portY, (parent.y1 - parent.y0) / 2) },
    { x: child.x0, y: child.y0 + Math.min(portY, (child.y1 - child.y0) / 2) },
  )
}
export function curveTo(from: Point, to: Point): Curve {
  const ahead = to.x - from.x
  return { from, to, reach: ahead > 0 ? Math.max(24, ahead / 2) : Math.max(60, Math.min(240, -ahead / 2)) }
}

export function curveBounds({ from, to, reach }: Curve): Rect {
  return {
    x0: Math.min(from.x, to.x - reach),
    y0: Math.min(from.y, to.y),
    x1: Math.max(from.x + reach, to.x),
    y1: Math.max(from.y, to.y),
  }
}

export function curvePath({ from, to, reach }: Curve): string {
  return `M${from.x} ${from.y}C${from.x + reach} ${from.y} ${to.x - reach} ${to.y} ${to.x} ${to.y}`
}

/** The distance from a point to the curve, within half a unit of the truth for ordinary edges. */
export function distanceToCurve({ from, to, reach }: Curve, p: Point): number {
  const steps = 32
  let best = Infinity
  let last = from
  for (let i = 1; i <= steps; i++) {
    const t = i / steps
    const u = 1 - t
    const next = {
      x:
        u * u * u * from.x +
        3 * u * u * t * (from.x + reach) +
        3 * u * t * t * (to.x - reach) +
        t * t * t * to.x,
      y: u * u * (u + 3 * t) * from.y + t * t * (t + 3 * u) * to.y,
    }
    best = Math.min(best, distanceToSegment(last, next, p))
    last = next
  }
  return best
}

function distanceToSegment(a: Point, b: Point, p: Point): number {
  const dx = b.x - a.x
  const dy = b.y - a.y
  const length = dx * dx + dy * dy
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length))
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy)
}

/** The point halfway along the curve's parameter. */
export function curveMiddle({ from, to }: Curve): Point {
  return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }
}
