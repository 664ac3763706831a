import { useCallback, useRef, useSyncExternalStore } from 'react'
import { useStore } from '../canvas/useStore'

export interface Counts {
  /** Blocks that ran before and would run again. */
  readonly changed: number
  readonly failed: number
  readonly running: boolean
}
/** What the run button needs to know; renders again only when that changed. */
export function useCounts(): Counts {
  const store = useStore()
  const last = useRef<Counts>({ changed: 0, failed: 0, running: false })
  const listen = useCallback((tell: () => void) => store.onChange(tell), [store])
  return useSyncExternalStore(listen, () => {
    let changed = 0
    let failed = 0
    for (const block of store.graph.blocks()) {
      const { state } = store.live(block.id)
      if (state === 'failed') failed++
      if (state === 'stale' || state === 'failed') changed++
    }
    const old = last.current
    if (old.changed !== changed || old.failed !== failed || old.running !== store.running)
      last.current = { changed, failed, running: store.running }
    return last.current
  })
}
