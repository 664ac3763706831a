import { createContext, useCallback, useContext, useSyncExternalStore } from 'react'
import type { Block, BlockId } from '../../model/block'
import type { Desk } from '../../core/command/command'
import { doubtsOf } from '../../core/canvas/doubts'
import type { CanvasStore } from '../../core/canvas/store'
import type { Live } from '../../core/run/live'
import { whyNot, type Role } from '../../core/session/role'

export const DeskContext = createContext<Desk | undefined>(undefined)

export function useDesk(): Desk {
  const desk = useContext(DeskContext)
  if (!desk) throw new Error('outside of a canvas')
  return desk
}
export function useStore(): CanvasStore {
  return useDesk().store
}
export function useLive(id: BlockId): Live {
  const store = useStore()
  const listen = useCallback((tell: () => void) => store.onBlock(id, tell), [store, id])
  return useSyncExternalStore(listen, () => store.live(id))
}
/** The block above on which it depends whether this one is still up to date; undefined if none. */
export function useDoubt(id: BlockId): Block | undefined {
  const store = useStore()
  const listen = useCallback((tell: () => void) => store.onChange(tell), [store])
  return useSyncExternalStore(listen, () => {
    const cause = doubtsOf(store).get(id)
    return cause === undefined ? undefined : store.graph.block(cause)
  })
}
export function useBlock(id: BlockId): Block | undefined {
  const store = useStore()
  const listen = useCallback((tell: () => void) => store.onBlock(id, tell), [store, id])
  return useSyncExternalStore(listen, () => store.graph.block(id))
}
/** Why this person may not do here what asks for a role; undefined if they may. */
export function useMayNot(least: Role): string | undefined {
  const store = useStore()
  const listen = useCallback((tell: () => void) => store.onChange(tell), [store])
  return useSyncExternalStore(listen, () => whyNot(store.role, least))
}
/** Renders again when the graph or any state changed: for lists of all blocks. */
export function useVersion(): number {
  const store = useStore()
  const listen = useCallback((tell: () => void) => store.onChange(tell), [store])
  return useSyncExternalStore(listen, () => store.version)
}
