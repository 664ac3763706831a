import { createContext, useContext } from 'react'
import type { Hands } from './hands'

export const HandsContext = createContext<Hands | undefined>(undefined)

export function useHands(): Hands {
  const hands = useContext(HandsContext)
  if (!hands) throw new Error('outside of a stage')
  return hands
}
