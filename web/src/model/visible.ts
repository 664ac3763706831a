import type { BlockId } from './block'
import type { Rect, Size } from './rect'

/** How the stage is looked at: stage point (X, Y) is at pixel (x + zoom X, y + zoom Y). */
export interface View {
  readonly x: number
  readonly y: number
  readonly zoom: number
}
/** near: everything; mid: header, large name, first figure; far: painted. */
export type Level = 'near' | 'mid' | 'far'
export const nearZoom = 0.5
/** Below this a block has all its parts, but who shall read them is shown them larger. */
export const readZoom = 0.6
export const farZoom = 0.3

export function levelAt(zoom: number): Level {
  return zoom >= nearZoom ? 'near' : zoom >= farZoom ? 'mid' : 'far'
}

/** What a window of `size` pixels shows, with `margin` pixels more on each side. */
export function viewRect(view: View, size: Size, margin: Size = { w: 0, h: 0 }): Rect {
  return {
    x0: (-view.x - margin.w) / view.zoom,
    y0: (-view.y - margin.h) / view.zoom,
    x1: (-view.x + size.w + margin.w) / view.zoom,
    y1: (-view.y + size.h + margin.h) / view.zoom,
  }
}

/** The view in which `rect` fills a window of `size` pixels but for `padding`, not closer than `maxZoom`. */
export function fitView(rect: Rect, size: Size, padding: number, maxZoom = 1): View {
  const w = Math.max(1, rect.x1 - rect.x0)
  const h = Math.max(1, rect.y1 - rect.y0)
  const zoom = Math.min(maxZoom, (size.w - 2 * padding) / w, (size.h - 2 * padding) / h)
  return { x: size.w / 2 - zoom * (rect.x0 + w / 2), y: size.h / 2 - zoom * (rect.y0 + h / 2), zoom }
}

/** The largest zoom for reading at which a window on the upper left of `all` cuts no block at its right; 0.72 if there is none. */
export function zoomOfWholeColumns(blocks: readonly Rect[], all: Rect, size: Size): number {
  for (let percent = 80; percent >= 100 * readZoom; percent--) {
    const zoom = percent / 100
    const right = all.x0 + size.w / zoom
    const bottom = all.y0 + size.h / zoom
    if (!blocks.some(({ x0, x1, y0 }) => x0 < right && x1 > right && y0 < bottom)) return zoom
  }
  return 0.72
}

/**
 * Which blocks have a card in the DOM. While the view moves, at most `budget` are made a step (what has no card yet is
 * painted, so there are no holes); cards go only when they are well outside. Pinned ones (hovered, focused, selected)
 * have a card at every zoom, so that click, drag and menus need no second code path.
 */
export class Mounts {
  readonly set = new Set<BlockId>()
  pins: ReadonlySet<BlockId> = new Set()

  /** Give every pinned block its card and tell whether the set changed. */
  pin(): boolean {
    const before = this.set.size
    for (const id of this.pins) this.set.add(id)
    return this.set.size !== before
  }
  /** Take one step and tell whether the set changed. */
  step(want: readonly BlockId[], keep: ReadonlySet<BlockId>, budget: number): boolean {
    let changed = false
    for (const id of this.set)
      if (!keep.has(id) && !this.pins.has(id)) {
        this.set.delete(id)
        changed = true
      }
    for (const id of this.pins)
      if (!this.set.has(id)) {
        this.set.add(id)
        changed = true
      }
    for (const id of want) {
      if (budget <= 0) break
      if (this.set.has(id)) continue
      this.set.add(id)
      budget--
      changed = true
    }
    return changed
  }
}
