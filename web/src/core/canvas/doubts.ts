import { doubtful } from '../../model/doubtful'
import type { BlockId } from '../../model/block'
import type { CanvasStore } from './store'

/** For each block that is up to date only as long as what is above it does not leave something else: that block above. */
type Doubts = ReadonlyMap<BlockId, BlockId>
const known = new WeakMap<CanvasStore, () => Doubts>()

/** Derived anew after a change when it is asked for next: cheap to ask for each block that is shown. */
export function doubtsOf(store: CanvasStore): Doubts {
  let ask = known.get(store)
  if (!ask) {
    let doubts: Doubts | undefined
    store.onChange(() => (doubts = undefined))
    ask = () => (doubts ??= doubtful(store.graph, (id) => store.live(id).state))
    known.set(store, ask)
  }
  return ask()
}
