import { useCallback, useRef, useSyncExternalStore } from 'react'
import type { BlockId } from '../../model/block'
import { doubtsOf } from '../../core/canvas/doubts'
import { useStore } from '../canvas/useStore'

export interface Counts {
  /** Blocks that ran before and would run again. */
  readonly changed: number
  /** Blocks below those that may have to run after them. */
  readonly maybe: number
  readonly failed: number
  readonly running: boolean
  /** A run waits for its environment: what is being done, or nothing yet. */
  readonly preparing: string | undefined
  /** Of the run under way: blocks that it has finished, of those that were waiting or running since it began. */
  readonly done: number
  readonly all: number
}
/** What the run button needs to know; renders again only when that changed. */
export function useCounts(): Counts {
  const store = useStore()
  const last = useRef<Counts>({
    changed: 0,
    maybe: 0,
    failed: 0,
    running: false,
    preparing: undefined,
    done: 0,
    all: 0,
  })
  const seen = useRef(new Set<BlockId>())
  const listen = useCallback((tell: () => void) => store.onChange(tell), [store])
  return useSyncExternalStore(listen, () => {
    let [changed, failed, open] = [0, 0, 0]
    if (!store.running) seen.current.clear()
    for (const block of store.graph.blocks()) {
      const { state } = store.live(block.id)
      if (state === 'failed') failed++
      if (state === 'stale' || state === 'failed') changed++
      if (state !== 'queued' && state !== 'running') continue
      open++
      if (store.running) seen.current.add(block.id)
    }
    const all = seen.current.size
    const { running, preparing } = store
    const maybe = doubtsOf(store).size
    const next = { changed, maybe, failed, running, preparing, done: Math.max(0, all - open), all }
    const old = last.current
    if (Object.keys(next).some((key) => next[key as keyof Counts] !== old[key as keyof Counts]))
      last.current = next
    return last.current
  })
}
