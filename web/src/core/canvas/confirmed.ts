import { offline } from '../api/problem'
import type { CanvasStore } from './store'

/** Resolves when the server has all that was changed and typed here; rejects if the connection is lost before. */
export function confirmed(store: Pick<CanvasStore, 'unsent' | 'connection' | 'onChange'>): Promise<void> {
  if (store.unsent === 0) return Promise.resolve()
  return new Promise((done, fail) => {
    const look = () => {
      if (store.unsent > 0 && store.connection === 'open') return
      stop()
      if (store.unsent === 0) done()
      else fail(offline())
    }
    const stop = store.onChange(look)
    look()
  })
}
