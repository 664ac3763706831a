import type { Node } from '@xyflow/react'
import type { Block, BlockId } from '../../model/block'
import type { Size } from '../../model/rect'
import type { Scene } from './scene'

export type CardNode = Node<{ block: Block; size: Size }, 'block'>

/** The mounted blocks as xyflow wants them. What did not change is the same object as before: its card renders nothing. */
export class Cards {
  readonly #scene: Scene
  #nodes = new Map<BlockId, CardNode>()

  constructor(scene: Scene) {
    this.#scene = scene
  }
  nodes(selected: ReadonlySet<BlockId>): CardNode[] {
    const next = new Map<BlockId, CardNode>()
    for (const id of this.#scene.mounts.set) {
      const block = this.#scene.store.graph.block(id)
      if (!block) continue
      const { x0, y0, x1, y1 } = this.#scene.rect(id)
      const [w, h] = [x1 - x0, y1 - y0]
      const old = this.#nodes.get(id)
      const same =
        old?.data.block === block &&
        old.selected === selected.has(id) &&
        old.position.x === x0 &&
        old.position.y === y0 &&
        old.width === w &&
        old.height === h
      next.set(
        id,
        same
          ? old
          : {
              id,
              type: 'block',
              position: { x: x0, y: y0 },
              data: { block, size: { w, h } },
              selected: selected.has(id),
              width: w,
              height: h,
              measured: { width: w, height: h },
            },
      )
    }
    this.#nodes = next
    return [...next.values()]
  }
}
