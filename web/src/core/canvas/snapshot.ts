import type { BlockId } from '../../model/block'
import type { Graph } from '../../model/graph'
import { blockFromWire } from '../live/change_form'
import type { Hello, Snapshot, Standing } from '../live/message'

/** Make the graph what a snapshot says; returns its blocks. */
export function fill(graph: Graph, snapshot: Snapshot): readonly BlockId[] {
  graph.clear()
  for (const block of snapshot.blocks) graph.putBlock(blockFromWire(block))
  for (const edge of snapshot.edges) graph.putEdge(edge)
  return snapshot.blocks.map((block) => block.id)
}

/** Where blocks stand, as the first message of a connection says it. */
export function standingsOf({ snapshot, blocks = [] }: Hello): readonly Standing[] {
  return snapshot?.blocks.map((block) => ({ ...block, block: block.id })) ?? blocks
}
