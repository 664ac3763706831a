import type { Block, BlockId, Kind } from '../../model/block'
import type { Change } from '../../model/change'
import type { Edge } from '../../model/edge'
import { freePlace } from '../../model/free_place'
import type { Graph } from '../../model/graph'
import type { Point } from '../../model/rect'
import { refusalText } from '../../model/refusal'
import { select } from '../../model/selection'
import { freeName, type CanvasStore } from '../canvas/store'
import { say, selectBlocks, setPage } from '../session/page'
import type { Desk } from './command'

/** Make a change and say so if it is refused. */
export function attempt({ store }: Pick<Desk, 'store'>, change: Change, key?: string): boolean {
  const refusal = store.change(change, key)
  if (refusal) say(refusalText(refusal, store.graph))
  return !refusal
}

export interface Near {
  readonly parent?: BlockId
  readonly child?: BlockId
  /** The new block goes between. */
  readonly edge?: Edge
  /** Where its left port (its right one, if there is a child only) shall be. */
  readonly at?: Point
}
const gap = 60

/** Add a block, wire it, and begin to edit it; false if that was refused, and said. */
export function addBlock(desk: Desk, kind: Kind, near: Near = {}): boolean {
  const { graph } = desk.store
  const size = kind === 'markdown' ? { w: 400, h: 160 } : { w: 480, h: 420 }
  const id = crypto.randomUUID()
  const name = freeName(graph, kind === 'markdown' ? 'note' : 'block')
  const block: Block = { id, kind, name, code: '', at: placeOf(desk, near, size), size, settings: {} }
  const { parent, child, edge } = near
  const edges = [
    ...(parent !== undefined ? [{ parent, child: id, index: 0 }] : []),
    ...(child !== undefined ? [{ parent: id, child, index: Infinity }] : []),
  ]
  const paste: Change = { op: 'paste', blocks: [block], edges }
  const change: Change = edge ? { op: 'batch', changes: [paste, ...insertChange(graph, id, edge)] } : paste
  if (!attempt(desk, change)) return false
  selectBlocks(select([id]))
  setPage({ editing: id })
  desk.camera.show(id)
  return true
}

/** Delete blocks, and offer to bring them back. */
export function deleteBlocks(desk: Pick<Desk, 'store'>, ids: readonly BlockId[]): void {
  const { store } = desk
  const [first] = ids
  const what = ids.length === 1 ? `\`${store.graph.block(first!)?.name}\`` : `${ids.length} blocks`
  if (!attempt(desk, { op: 'delete', ids })) return
  sayDone(store, `${what} deleted.`)
}

/** Say what was done just now, and offer to take it back. */
export function sayDone(store: CanvasStore, text: string): void {
  const done = store.lastDone()
  const undo = () => {
    // Something else may have been done since: that is not what was meant.
    if (store.lastDone() === done) store.undo()
    else say('More was changed since. Z undoes one change after the other.')
  }
  say(text, { label: 'Undo', run: undo })
}

/** Put a block between the ends of an edge, at the place that the parent had among the child's parents. */
export function insertChange(graph: Graph, id: BlockId, edge: Edge): Change[] {
  const index = graph.parents(edge.child).indexOf(edge.parent)
  return [
    { op: 'disconnect', edge },
    { op: 'connect', edge: { parent: edge.parent, child: id } },
    { op: 'connect', edge: { parent: id, child: edge.child }, index },
  ]
}

function placeOf(desk: Desk, near: Near, size: { w: number; h: number }): Point {
  const { graph } = desk.store
  const of = (id: BlockId | undefined) => (id === undefined ? undefined : graph.block(id))
  if (near.at) {
    const left = near.parent !== undefined || near.child === undefined
    return { x: Math.round(near.at.x - (left ? 0 : size.w)), y: Math.round(near.at.y - 38) }
  }
  const free = (x: number, y: number) => freePlace(graph, { x: Math.round(x), y: Math.round(y) }, size)
  const [from, to] = [of(near.edge?.parent), of(near.edge?.child)]
  if (from && to)
    return free(
      (from.at.x + from.size.w + to.at.x - size.w) / 2,
      (from.at.y + to.at.y) / 2 + Math.max(from.size.h, to.size.h) / 2 + gap,
    )
  const parent = of(near.parent)
  if (parent) return free(parent.at.x + parent.size.w + gap, parent.at.y)
  const child = of(near.child)
  if (child) return free(child.at.x - size.w - gap, child.at.y)
  const middle = desk.camera.middle()
  return free(middle.x - size.w / 2, middle.y - size.h / 2)
}
