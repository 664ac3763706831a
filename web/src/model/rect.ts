/** Places on the stage, in stage units (CSS pixels at zoom 1; y grows downward). */
export interface Point {
  readonly x: number
  readonly y: number
}
export interface Size {
  readonly w: number
  readonly h: number
}
/** x0 <= x1 and y0 <= y1. */
export interface Rect {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

export function rectOf(at: Point, size: Size): Rect {
  return { x0: at.x, y0: at.y, x1: at.x + size.w, y1: at.y + size.h }
}

/** Tell whether the insides overlap; rectangles that only touch do not. */
export function overlaps(a: Rect, b: Rect): boolean {
  return a.x0 < b.x1 && a.x1 > b.x0 && a.y0 < b.y1 && a.y1 > b.y0
}

/** The smallest rectangle around all; undefined without any. */
export function bounds(rects: Iterable<Rect>): Rect | undefined {
  let all: Rect | undefined
  for (const r of rects)
    all = all
      ? {
          x0: Math.min(all.x0, r.x0),
          y0: Math.min(all.y0, r.y0),
          x1: Math.max(all.x1, r.x1),
          y1: Math.max(all.y1, r.y1),
        }
      : r
  return all
}

/** The rectangle between two corners in any order. */
export function between(a: Point, b: Point): Rect {
  return { x0: Math.min(a.x, b.x), y0: Math.min(a.y, b.y), x1: Math.max(a.x, b.x), y1: Math.max(a.y, b.y) }
}
