import type { BlockId, RunState } from './block'
import type { Graph } from './graph'

/** What runs, will run, or has to: what it leaves may be another afterwards. */
const open: ReadonlySet<RunState> = new Set(['stale', 'failed', 'queued', 'running'])

/** The blocks that are up to date now, but below one that is not, each with the nearest of those. */
export function doubtful(graph: Graph, state: (id: BlockId) => RunState): Map<BlockId, BlockId> {
  const cause = new Map<BlockId, BlockId>()
  const queue: BlockId[] = []
  for (const { id } of graph.blocks())
    if (open.has(state(id))) {
      cause.set(id, id)
      queue.push(id)
    }
  // Level by level, so that the first to reach a block is the nearest.
  for (let i = 0; i < queue.length; i++)
    for (const child of graph.children(queue[i]!))
      if (!cause.has(child)) {
        cause.set(child, cause.get(queue[i]!)!)
        queue.push(child)
      }
  for (const id of [...cause.keys()]) if (state(id) !== 'up_to_date') cause.delete(id)
  return cause
}
