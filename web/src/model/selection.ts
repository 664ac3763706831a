import type { BlockId } from './block'
import type { Graph } from './graph'
import { byPlace } from './order'

/** Which blocks are selected, and the one that keys act on. Immutable. */
export interface Selection {
  readonly ids: ReadonlySet<BlockId>
  /** The focused block; one of `ids` unless that is empty. */
  readonly focus?: BlockId
}
export const nothing: Selection = { ids: new Set() }

export function select(ids: Iterable<BlockId>, focus?: BlockId): Selection {
  const set = new Set(ids)
  if (set.size === 0) return nothing
  return { ids: set, focus: focus !== undefined && set.has(focus) ? focus : [...set].at(-1)! }
}

/** Add a block to the selection, or take it out. */
export function toggle(selection: Selection, id: BlockId): Selection {
  const ids = new Set(selection.ids)
  if (ids.delete(id)) return select(ids, selection.focus)
  return select(ids.add(id), id)
}

/** Leave out what is no longer there. The same object if nothing is. */
export function prune(selection: Selection, graph: Graph): Selection {
  const left = [...selection.ids].filter((id) => graph.block(id))
  return left.length === selection.ids.size ? selection : select(left, selection.focus)
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** Where an arrow key leads: left to a parent, right to a child, up and down among siblings. */
export function neighbour(graph: Graph, id: BlockId, direction: Direction): BlockId | undefined {
  const here = graph.block(id)
  if (!here) return undefined
  const nearest = (ids: Iterable<BlockId>) =>
    [...ids]
      .map((other) => graph.block(other)!)
      .sort((a, b) => Math.abs(a.at.y - here.at.y) - Math.abs(b.at.y - here.at.y) || byPlace(a, b))[0]?.id
  switch (direction) {
    case 'left':
      return nearest(graph.parents(id))
    case 'right':
      return nearest(graph.children(id))
    case 'up':
    case 'down': {
      const row = siblings(graph, id)
      return row[row.indexOf(id) + (direction === 'up' ? -1 : 1)]
    }
  }
}

/** Blocks with a parent in common, or all without parents, from top to bottom. */
function siblings(graph: Graph, id: BlockId): BlockId[] {
  const parents = graph.parents(id)
  const ids = new Set<BlockId>([id])
  for (const parent of parents) for (const child of graph.children(parent)) ids.add(child)
  if (parents.length === 0)
    for (const block of graph.blocks()) if (graph.parents(block.id).length === 0) ids.add(block.id)
  return [...ids]
    .map((other) => graph.block(other)!)
    .sort(byPlace)
    .map((block) => block.id)
}
