import type { BlockId } from './block'
import { overlaps, type Point, type Rect } from './rect'

const cellSize = 1024
const half = 1 << 20

/** Where blocks are: answers "what is inside this rectangle" and "what is under this point" at a cost of the answer. */
export class Grid {
  readonly #cells = new Map<number, Set<BlockId>>()
  readonly #rects = new Map<BlockId, Rect>()

  rect(id: BlockId): Rect | undefined {
    return this.#rects.get(id)
  }
  /** Put a block, or move it. */
  set(id: BlockId, rect: Rect): void {
    this.delete(id)
    this.#rects.set(id, rect)
    forCells(rect, (key) => {
      const cell = this.#cells.get(key)
      if (cell) cell.add(id)
      else this.#cells.set(key, new Set([id]))
    })
  }
  delete(id: BlockId): void {
    const old = this.#rects.get(id)
    if (!old) return
    this.#rects.delete(id)
    forCells(old, (key) => {
      const cell = this.#cells.get(key)
      cell?.delete(id)
      if (cell?.size === 0) this.#cells.delete(key)
    })
  }
  inside(rect: Rect): BlockId[] {
    const found: BlockId[] = []
    // Zoomed far out it is cheaper to ask every block than every cell.
    const cells = ((rect.x1 - rect.x0) / cellSize) * ((rect.y1 - rect.y0) / cellSize)
    if (cells > this.#rects.size) {
      for (const [id, r] of this.#rects) if (overlaps(r, rect)) found.push(id)
      return found
    }
    const seen = new Set<BlockId>()
    forCells(rect, (key) => {
      for (const id of this.#cells.get(key) ?? [])
        if (!seen.has(id)) {
          seen.add(id)
          if (overlaps(this.#rects.get(id)!, rect)) found.push(id)
        }
    })
    return found
  }
  /** The block under a point; of several the one that was put last. */
  at(point: Point): BlockId | undefined {
    return this.inside({ x0: point.x, y0: point.y, x1: point.x + 1e-6, y1: point.y + 1e-6 }).at(-1)
  }
}

function forCells(rect: Rect, visit: (key: number) => void): void {
  const x1 = Math.floor(rect.x1 / cellSize)
  const y1 = Math.floor(rect.y1 / cellSize)
  for (let x = Math.floor(rect.x0 / cellSize); x <= x1; x++)
    for (let y = Math.floor(rect.y0 / cellSize); y <= y1; y++) visit((x + half) * half * 2 + (y + half))
}
