import type { Block, BlockId } from '../../model/block'
import { select } from '../../model/selection'
import { freeName } from '../canvas/store'
import { selectBlocks } from '../session/page'
import type { Desk } from './command'
import { attempt } from './edit'

/** Add a child of `parent` that holds `code`. */
export function addCode(desk: Desk, parent: BlockId, name: string, code: string): void {
  const { graph } = desk.store
  const above = graph.block(parent)
  if (!above) return
  const lines = code.split('\n').length
  const id = crypto.randomUUID()
  const block: Block = {
    id,
    kind: 'python',
    name: freeName(graph, name.slice(0, 60)),
    code,
    at: { x: above.at.x + above.size.w + 60, y: above.at.y + graph.children(parent).size * 60 },
    size: { w: 460, h: Math.min(420, 250 + 18 * lines) },
    settings: {},
  }
  if (!attempt(desk, { op: 'paste', blocks: [block], edges: [{ parent, child: id, index: 0 }] })) return
  selectBlocks(select([id]))
  desk.camera.show(id)
}
