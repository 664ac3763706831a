import type { BlockId } from './block'
import type { Edge } from './edge'
import type { Graph } from './graph'

/** The edges on any way into or out of the given blocks; undefined if there are more than `limit`. */
export function lineage(graph: Graph, ids: ReadonlySet<BlockId>, limit: number): Edge[] | undefined {
  const edges = new Map<string, Edge>()
  for (const way of ['up', 'down'] as const) {
    const seen = new Set(ids)
    const queue = [...ids]
    for (let id = queue.pop(); id !== undefined; id = queue.pop())
      for (const next of way === 'up' ? graph.parents(id) : graph.children(id)) {
        const edge = way === 'up' ? { parent: next, child: id } : { parent: id, child: next }
        edges.set(`${edge.parent}\n${edge.child}`, edge)
        if (edges.size > limit) return undefined
        if (seen.has(next)) continue
        seen.add(next)
        queue.push(next)
      }
  }
  return [...edges.values()]
}
