import type { BlockId } from '../../model/block'
import type { Graph } from '../../model/graph'
import type { Live } from '../run/live'
import type { DetailSource } from './details'
import type { Attempt, Variable } from './store'

/** What a canvas begins with. */
export interface Opening {
  readonly id: string
  readonly name: string
  readonly graph: Graph
  readonly live: ReadonlyMap<BlockId, Live>
  readonly variables: ReadonlyMap<BlockId, readonly Variable[]>
  /** Recorded ones; without them, what the standings tell. */
  readonly attempts?: readonly Attempt[]
  /** What is fetched when somebody looks; without one, everything is in here. */
  readonly source?: DetailSource
}
