import type { BlockId } from './block'

/** Parent's whole state flows to the child. */
export interface Edge {
  readonly parent: BlockId
  readonly child: BlockId
}
/** An edge and its place among the child's parents: a later parent wins where two define one name. */
export interface PlacedEdge extends Edge {
  readonly index: number
}
export type EdgeKey = string

export function edgeKey(edge: Edge): EdgeKey {
  return `${edge.parent}\n${edge.child}`
}
export function edgeOf(key: EdgeKey): Edge {
  const [parent, child] = key.split('\n') as [BlockId, BlockId]
  return { parent, child }
}
