import { blockRect, type BlockId } from '../../model/block'
import { curveBetween, curveBounds, distanceToCurve, type Curve } from '../../model/curve'
import { edgeKey, type Edge } from '../../model/edge'
import { Grid } from '../../model/grid'
import { overlaps, rectOf, type Point, type Rect } from '../../model/rect'
import { Mounts } from '../../model/visible'
import type { CanvasStore } from '../../core/canvas/store'

/** Where everything is right now, blocks being dragged included. Follows the store; asked by painting and hit tests. */
export class Scene {
  readonly store: CanvasStore
  readonly grid = new Grid()
  readonly mounts = new Mounts()
  /** Blocks that are being dragged: their edges are drawn above the painting, which need not follow. */
  readonly lifted = new Set<BlockId>()
  hover: BlockId | undefined
  /** Called when what is painted is out of date. */
  onDirty: () => void = () => undefined

  constructor(store: CanvasStore) {
    this.store = store
    for (const block of store.graph.blocks()) this.grid.set(block.id, blockRect(block))
  }
  /** Follow the store until the returned function is called. */
  follow(): () => void {
    return this.store.onChange((blocks) => {
      for (const id of blocks) {
        const block = this.store.graph.block(id)
        if (!block) this.grid.delete(id)
        else if (!this.lifted.has(id)) this.grid.set(id, blockRect(block))
      }
      this.onDirty()
    })
  }
  rect(id: BlockId): Rect {
    return this.grid.rect(id) ?? blockRect(this.store.graph.block(id)!)
  }
  drag(id: BlockId, at: Point): void {
    const block = this.store.graph.block(id)
    if (block) this.grid.set(id, rectOf(at, block.size))
    if (!this.lifted.has(id)) {
      this.lifted.add(id)
      this.onDirty()
    }
  }
  drop(): void {
    for (const id of this.lifted) {
      const block = this.store.graph.block(id)
      if (block) this.grid.set(id, blockRect(block))
    }
    this.lifted.clear()
    this.onDirty()
  }
  curve(edge: Edge): Curve {
    return curveBetween(this.rect(edge.parent), this.rect(edge.child))
  }
  /** The edge nearest to a point, if one is within `tolerance`. */
  edgeAt(point: Point, tolerance: number): Edge | undefined {
    const around = {
      x0: point.x - tolerance,
      y0: point.y - tolerance,
      x1: point.x + tolerance,
      y1: point.y + tolerance,
    }
    let best: Edge | undefined
    let nearest = tolerance
    for (const edge of this.store.graph.edges()) {
      const curve = this.curve(edge)
      const box = curveBounds(curve)
      // A level edge has no height of its own.
      if (!overlaps({ ...box, y0: box.y0 - 1, y1: box.y1 + 1 }, around)) continue
      const distance = distanceToCurve(curve, point)
      if (distance < nearest) [best, nearest] = [edge, distance]
    }
    return best
  }
  /** The edges drawn above the painting: of dragged and selected blocks, and the selected one. */
  hotEdges(selected: ReadonlySet<BlockId>, edge: string | undefined, limit = 400): Edge[] {
    const hot = new Map<string, Edge>()
    for (const id of [...this.lifted, ...selected]) {
      for (const { parent, child } of this.store.graph.block(id) ? this.store.graph.edgesOf(id) : [])
        hot.set(edgeKey({ parent, child }), { parent, child })
      if (hot.size > limit) return []
    }
    if (edge !== undefined) {
      const [parent, child] = edge.split('\n') as [BlockId, BlockId]
      if (this.store.graph.hasEdge({ parent, child })) hot.set(edge, { parent, child })
    }
    return [...hot.values()]
  }
}
