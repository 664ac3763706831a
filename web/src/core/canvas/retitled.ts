import { say } from '../session/page'
import type { Batch } from './wire'
import type { Change } from '../../model/change'
import type { Graph } from '../../model/graph'
import { freeName } from './store'

/** New blocks whose names somebody else took in the same moment, with free ones; undefined if it adds none. */
function retitled(change: Change, graph: Graph): Change | undefined {
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

/** What is tried instead of refused changes, each with the one before made; why the others were refused is said. */
export function* afterRefusal(
  refused: NonNullable<Batch['refused']>,
  own: ReadonlyMap<string, Change>,
  graph: Graph,
): Generator<Change> {
  for (const { token, reason, message } of refused) {
    const change = own.get(token)
    const again = change && reason === 'NAME_TAKEN' && retitled(change, graph)
    if (again) yield again
    else if (change) say(message)
  }
}
