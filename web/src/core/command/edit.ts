import type { Block, BlockId, Kind } from '../../model/block'
import type { Change } from '../../model/change'
import { refusalText } from '../../model/refusal'
import { select } from '../../model/selection'
import { freeName } from '../canvas/store'
import { say, selectBlocks, setPage } from '../session/page'
import type { Desk } from './command'

/** Make a change and say so if it is refused. */
export function attempt({ store }: Pick<Desk, 'store'>, change: Change, key?: string): boolean {
  const refusal = store.change(change, key)
  if (refusal) say(refusalText(refusal, store.graph))
  return !refusal
}

export function addBlock(desk: Desk, kind: Kind, near?: { parent?: BlockId; child?: BlockId }): void {
  const { graph } = desk.store
  const size = { w: 360, h: kind === 'markdown' ? 140 : 190 }
  const parent = near?.parent === undefined ? undefined : graph.block(near.parent)
  const child = near?.child === undefined ? undefined : graph.block(near.child)
  const middle = desk.camera.middle()
  const below = parent ? graph.children(parent.id).size * 60 : 0
  const at = parent
    ? { x: parent.at.x + parent.size.w + 60, y: parent.at.y + below }
    : child
      ? { x: child.at.x - size.w - 60, y: child.at.y }
      : { x: Math.round(middle.x - size.w / 2), y: Math.round(middle.y - size.h / 2) }
  const id = crypto.randomUUID()
  const name = freeName(graph, kind === 'markdown' ? 'note' : 'block')
  const block: Block = { id, kind, name, code: '', at, size, settings: {} }
  const edges = [
    ...(parent ? [{ parent: parent.id, child: id, index: 0 }] : []),
    ...(child ? [{ parent: id, child: child.id, index: Infinity }] : []),
  ]
  if (!attempt(desk, { op: 'paste', blocks: [block], edges })) return
  selectBlocks(select([id]))
  setPage({ editing: id })
}
