import type { Change } from '../../model/change'
import type { Graph } from '../../model/graph'
import { freeName } from './store'

/** New blocks whose names somebody else took in the same moment, with free ones; undefined if it adds none. */
export function retitled(change: Change, graph: Graph): Change | undefined {
  const taken = new Set<string>()
  const free = (name: string) => {
    const next = freeName(graph, graph.named(name) ? name.replace(/_\d+$/, '') : name, taken)
    taken.add(next)
    return next
  }
  switch (change.op) {
    case 'add':
      return { op: 'add', block: { ...change.block, name: free(change.block.name) } }
    case 'paste':
      return { ...change, blocks: change.blocks.map((block) => ({ ...block, name: free(block.name) })) }
    default:
      return undefined
  }
}
