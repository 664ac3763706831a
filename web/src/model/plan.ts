import type { BlockId, RunState } from './block'
import type { Graph } from './graph'
import { topological } from './order'

export type RunMode = 'this' | 'up_to' | 'from' | 'all' | 'changed'
export interface RunRequest {
  readonly mode: RunMode
  /** The blocks meant by `this`, `up_to` and `from`. */
  readonly blocks: readonly BlockId[]
  readonly force: boolean
}
/** In the words of `easel plan --json`. */
export interface PlanStep {
  readonly block: BlockId
  readonly action: 'run' | 'maybe' | 'restore' | 'up_to_date' | 'skip'
  readonly reason: string
}

/** The blocks a mode is about, parents first. Notes never run. */
export function scope(graph: Graph, request: RunRequest): BlockId[] {
  const set = ((): ReadonlySet<BlockId> | undefined => {
    switch (request.mode) {
      case 'this':
        return new Set(request.blocks)
      case 'up_to':
        return graph.reach(request.blocks, 'up')
      case 'from':
        return graph.reach(request.blocks, 'down')
      case 'all':
      case 'changed':
        return undefined
    }
  })()
  return topological(graph)
    .filter((block) => block.kind !== 'markdown' && (!set || set.has(block.id)))
    .map((block) => block.id)
}

/** What a run would do as far as the page can know: the answer at once, until the server's own arrives. */
export function guessPlan(graph: Graph, request: RunRequest, state: (id: BlockId) => RunState): PlanStep[] {
  const runs = new Set<BlockId>()
  return scope(graph, request).map((block): PlanStep => {
    const above = graph.parents(block).find((parent) => runs.has(parent))
    const fresh = state(block) === 'up_to_date'
    if (request.force || !fresh) {
      if (request.mode === 'changed' && state(block) === 'never_run' && above === undefined)
        return { block, action: 'skip', reason: 'never run' }
      runs.add(block)
      return { block, action: 'run', reason: request.force && fresh ? 'forced' : reasonOf(state(block)) }
    }
    if (above === undefined)
      return { block, action: 'up_to_date', reason: 'nothing that it depends on changed' }
    runs.add(block)
    return { block, action: 'maybe', reason: `only if what \`${graph.block(above)!.name}\` leaves changes` }
  })
}

function reasonOf(state: RunState): string {
  return state === 'stale' ? 'something it depends on changed' : state.replaceAll('_', ' ')
}
