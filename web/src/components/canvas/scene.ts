import { blockRect, type Block, type BlockId, type RunState } from '../../model/block'
import { curveBetween, curveBounds, distanceToCurve, type Curve } from '../../model/curve'
import { edgeKey, edgeOf, type Edge } from '../../model/edge'
import { Grid } from '../../model/grid'
import { lineage } from '../../model/lineage'
import { overlaps, rectOf, type Point, type Rect, type Size } from '../../model/rect'
import { Mounts } from '../../model/visible'
import type { CanvasStore } from '../../core/canvas/store'

/** An edge that is being drawn by hand, from a block's right port or towards its left one. */
export interface Drawing {
  readonly from: BlockId
  readonly way: 'out' | 'in'
  readonly to: Point
  /** The block under the pointer. */
  readonly target?: BlockId
  readonly refused?: boolean
}

/** Where everything is right now, blocks being dragged included. Follows the store; asked by painting and hit tests. */
export class Scene {
  readonly store: CanvasStore
  readonly grid = new Grid()
  readonly mounts = new Mounts()
  /** Blocks that are being dragged or resized: their edges are drawn above the painting, which need not follow. */
  readonly lifted = new Set<BlockId>()
  hover: BlockId | undefined
  /** The edge under the pointer, or the one that a dragged block would go between. */
  edge: Edge | undefined
  drawing: Drawing | undefined
  /** The marquee. */
  box: Rect | undefined
  /** Blocks that a plan would not run: painted without their state. */
  dimmed: ReadonlySet<BlockId> = new Set()
  version = 0
  /** Called when what is painted is out of date. */
  onDirty: () => void = () => undefined
  readonly #listeners = new Set<() => void>()
  readonly #seen = new Map<BlockId, { readonly block: Block; readonly state: RunState }>()
  #seenVersion = -1

  constructor(store: CanvasStore) {
    this.store = store
    for (const block of store.graph.blocks()) this.grid.set(block.id, blockRect(block))
  }
  /** Follow the store until the returned function is called; `typed` hears of changes that are in the cards only. */
  follow(typed: () => void): () => void {
    return this.store.onChange((blocks) => {
      const change = this.#look(blocks)
      if (change === 'none') return
      if (change === 'code') return typed()
      for (const id of blocks) {
        const block = this.store.graph.block(id)
        if (!block) this.grid.delete(id)
        else if (!this.lifted.has(id)) this.grid.set(id, blockRect(block))
      }
      this.onDirty()
      this.changed()
    })
  }
  /** What is another: nothing that is drawn here (output came), code only, or places, edges and states. */
  #look(blocks: ReadonlySet<BlockId>): 'none' | 'code' | 'all' {
    const { graph, version } = this.store
    const structure = version !== this.#seenVersion
    this.#seenVersion = version
    let [states, codes] = [0, 0]
    for (const id of blocks) {
      const block = graph.block(id)
      const before = this.#seen.get(id)
      if (!block) this.#seen.delete(id)
      if (!block) continue
      const { state } = this.store.live(id)
      this.#seen.set(id, { block, state })
      if (before?.state !== state) states++
      if (before && before.block !== block && sameButCode(before.block, block)) codes++
    }
    if (states > 0) return 'all'
    // An edge that came or went leaves its blocks as they were.
    if (structure && codes < blocks.size) return 'all'
    return codes > 0 ? 'code' : 'none'
  }
  /** Hear of what is drawn above the painting. */
  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  changed(): void {
    this.version++
    for (const listener of this.#listeners) listener()
  }
  rect(id: BlockId): Rect {
    return this.grid.rect(id) ?? blockRect(this.store.graph.block(id)!)
  }
  /** Put blocks somewhere for as long as a gesture lasts. */
  lift(places: readonly { id: BlockId; at: Point; size?: Size }[]): void {
    const before = this.lifted.size
    for (const { id, at, size } of places) {
      const block = this.store.graph.block(id)
      if (!block) continue
      this.grid.set(id, rectOf(at, size ?? block.size))
      this.lifted.add(id)
    }
    if (this.lifted.size !== before || places.some(({ id }) => !this.mounts.set.has(id))) this.onDirty()
    this.changed()
  }
  drop(): void {
    for (const id of this.lifted) {
      const block = this.store.graph.block(id)
      if (block) this.grid.set(id, blockRect(block))
    }
    this.lifted.clear()
    this.edge = undefined
    this.onDirty()
    this.changed()
  }
  curve(edge: Edge): Curve {
    return curveBetween(this.rect(edge.parent), this.rect(edge.child))
  }
  /** The edge nearest to a point, if one is within `tolerance`. */
  edgeAt(point: Point, tolerance: number, but?: BlockId): Edge | undefined {
    const around = {
      x0: point.x - tolerance,
      y0: point.y - tolerance,
      x1: point.x + tolerance,
      y1: point.y + tolerance,
    }
    let best: Edge | undefined
    let nearest = tolerance
    for (const edge of this.store.graph.edges()) {
      if (edge.parent === but || edge.child === but) continue
      const curve = this.curve(edge)
      const box = curveBounds(curve)
      // A level edge has no height of its own.
      if (!overlaps({ ...box, y0: box.y0 - 1, y1: box.y1 + 1 }, around)) continue
      const distance = distanceToCurve(curve, point)
      if (distance < nearest) [best, nearest] = [edge, distance]
    }
    return best
  }
  /** The edges drawn above the painting: of dragged blocks, the selected ones' lineage, and the selected one. */
  hotEdges(selected: ReadonlySet<BlockId>, edge: string | undefined, limit = 400): Edge[] {
    const { graph } = this.store
    const hot = new Map<string, Edge>()
    const put = (edges: Iterable<Edge>) => {
      for (const { parent, child } of edges) hot.set(edgeKey({ parent, child }), { parent, child })
    }
    for (const id of this.lifted) if (graph.block(id)) put(graph.edgesOf(id))
    const all = selected.size > limit ? undefined : lineage(graph, selected, limit)
    if (all) put(all)
    else for (const id of selected) if (graph.block(id) && hot.size < limit) put(graph.edgesOf(id))
    if (edge !== undefined && graph.hasEdge(edgeOf(edge))) hot.set(edge, edgeOf(edge))
    if (this.edge && graph.hasEdge(this.edge)) hot.set(edgeKey(this.edge), this.edge)
    return [...hot.values()].slice(0, 2 * limit)
  }
}

const sameButCode = (a: Block, b: Block) =>
  a.name === b.name && a.at === b.at && a.size === b.size && a.kind === b.kind && a.settings === b.settings
